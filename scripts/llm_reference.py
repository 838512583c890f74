#!/usr/bin/env python3
"""Writes what llama.cpp computes with published weights: tests/golden/llm/published.json, which our own engine is held to.

For each model: the perplexity of tests/golden/llm/text.txt as llama-perplexity counts it (windows of 512 tokens, the
second half of each; a begin token in place of the first where the model has one), and greedy continuations of a few
beginnings, with the logits of the best two tokens at every step.

usage:  pip install "llama-cpp-python==0.3.36" "numpy==2.4.6"
        scripts/real_models.sh smollm2 gemma3 qwen2 && python3 scripts/llm_reference.py [MODELS_FOLDER] [OUT_FILE]
"""
import json
import pathlib
import sys

import llama_cpp
import numpy as np

MODELS = ["smollm2", "gemma3", "qwen2"]
BEGINNINGS = ["Once upon a time in a small village", "The opening hours of the clinic are"]
WINDOW = 512
TOKENS = 40
ROOT = pathlib.Path(__file__).parent.parent


def negative_logs(logits, tokens):
    """The negative logarithm of the probability of each token, in the row of logits before it."""
    logits = logits.astype(np.float64)
    largest = logits.max(axis=1, keepdims=True)
    total = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
    return total - logits[np.arange(len(tokens)), tokens]


def perplexity(model, text):
    """The perplexity, and the number of tokens that count."""
    begins = model._model.add_bos_token()
    tokens = model.tokenize(text.encode(), add_bos=begins)
    found = []
    for start in range(0, len(tokens) - WINDOW + 1, WINDOW):
        window = tokens[start:start + WINDOW]
        if begins:
            window[0] = model.token_bos()
        model.reset()
        model.eval(window)
        half = WINDOW // 2
        found.extend(negative_logs(model.scores[half:WINDOW - 1], window[half + 1:]))
    return float(np.exp(np.mean(found))), len(found)


def greedy(model, beginning):
    """The tokens that llama.cpp takes, each with the second best, and the logits of both."""
    tokens = model.tokenize(beginning.encode(), add_bos=model._model.add_bos_token())
    model.reset()
    model.eval(tokens)
    steps = []
    for _ in range(TOKENS):
        logits = model.scores[model.n_tokens - 1]
        best, second = (int(n) for n in np.argsort(logits)[::-1][:2])
        steps.append([best, second, round(float(logits[best]), 4), round(float(logits[second]), 4)])
        model.eval([best])
    return {"prompt": tokens, "steps": steps, "text": model.detokenize([s[0] for s in steps]).decode(errors="replace")}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/real-models")
    out = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "tests/golden/llm/published.json")
    text = (ROOT / "tests/golden/llm/text.txt").read_text()
    found = {"made_by": "llama-cpp-python %s" % llama_cpp.__version__}
    for name in MODELS:
        model = llama_cpp.Llama(str(folder / (name + ".gguf")), n_ctx=WINDOW, n_batch=WINDOW, n_threads=2, logits_all=True,
                                verbose=False)
        value, counted = perplexity(model, text)
        print("%-8s perplexity %.3f of %d tokens" % (name, value, counted))
        found[name] = {"perplexity": value, "counted": counted, "greedy": [greedy(model, b) for b in BEGINNINGS]}
    out.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
