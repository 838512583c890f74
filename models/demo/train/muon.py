"""Muon (Jordan 2024): an optimiser for the matrices of a network, used by both demo models."""

import torch

from precision import FASTEST


def orthogonalise(matrices, steps=5):
    """Newton-Schulz iteration on a stack of matrices (rows <= columns)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.to(FASTEST)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.float()


class Muon:
    """Momentum whose update is orthogonalised.

    Fused matrices are treated as the separate matrices that they hold.
    """

    def __init__(self, weights, rate=0.02, momentum=0.95, decay=0.01):
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self.groups = {}
        for weight, parts in weights:
            rows, columns = weight.shape[0] // parts, weight.shape[1]
            shape = (min(rows, columns), max(rows, columns))
            self.groups.setdefault(shape, []).append((weight, parts))
        self.buffers = {}

    @torch.no_grad()
    def step(self):
        """Update all matrices from their gradients."""
        for shape, members in self.groups.items():
            pieces = []
            for weight, parts in members:
                buffer = self.buffers.setdefault(
                    weight, torch.zeros_like(weight))
                buffer.lerp_(weight.grad, 1 - self.momentum)
                update = weight.grad.lerp(buffer, self.momentum)
                for piece in update.chunk(parts):
                    wide = piece.shape == shape
                    pieces.append(piece if wide else piece.T)
            updates = iter(orthogonalise(torch.stack(pieces)))
            for weight, parts in members:
                weight.mul_(1 - self.rate * self.decay)
                for piece in weight.chunk(parts):
                    update = next(updates)
                    if piece.shape != shape:
                        update = update.T
                    scale = max(1, piece.shape[0] / piece.shape[1]) ** 0.5
                    piece.add_(update, alpha=-self.rate * scale)
