"""Muon for the matrices of the layers, AdamW for everything else."""

import torch

from muon import Muon


class Optimiser:
    """Both optimisers with one schedule."""

    def __init__(self, model, muon_rate, adam_rate):
        parts = {"attn_qkv": 3, "attn_output": 1, "ffn_up": 2, "ffn_down": 1}
        matrices, rest, embedding = [], [], []
        for name, weight in model.named_parameters():
            kind = name.split(".")[-2]
            if kind in parts:
                matrices.append((weight, parts[kind]))
            elif kind == "token_embd":
                embedding.append(weight)
            else:
                rest.append(weight)
        self.muon = Muon(matrices)
        self.matrices = [weight for weight, _ in matrices]
        self.adam = torch.optim.AdamW(
            [{"params": rest, "size": 1.0},
             {"params": embedding, "size": 4.0}],
            lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0)
        self.rates = muon_rate, adam_rate

    def step(self, factor):
        """One update with the rates times `factor`."""
        self.muon.rate = self.rates[0] * factor
        for group in self.adam.param_groups:
            group["lr"] = self.rates[1] * factor * group["size"]
        self.muon.step()
        self.adam.step()

    def state(self):
        """What is needed to go on later."""
        return {"muon": [self.muon.buffers.get(weight)
                         for weight in self.matrices],
                "adam": self.adam.state_dict()}

    def restore(self, state):
        """Go on from what `state` gave."""
        self.muon.buffers = {
            weight: buffer for weight, buffer
            in zip(self.matrices, state["muon"]) if buffer is not None}
        self.adam.load_state_dict(state["adam"])
