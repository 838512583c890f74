"""Tests of the file formats, the model and the steps of the training, on a small model with random weights."""

import argparse
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import ggml
import model as whisper
import speak
import telephone
import train


def small(seed=0, n_vocab=51864):
    """Return a small Whisper with random weights; its vocabulary has the single bytes and nothing else real."""
    rng = np.random.default_rng(seed)
    sizes = dict(zip(ggml.FIELDS, (n_vocab, 1500, 64, 1, 1, 448, 64, 1, 1, 80)))
    vocabulary = [bytes([n]) for n in range(256)]
    vocabulary += [b"\xff%d" % n for n in range(256, 50257 - (n_vocab == 51864))]
    weights = ggml.Whisper(sizes, rng.random((80, 201), np.float32), vocabulary, {})
    module = whisper.Model.__new__(whisper.Model)
    torch.nn.Module.__init__(module)
    module.encoder, module.decoder = whisper.Encoder(sizes), whisper.Decoder(sizes)
    for name, value in module.state_dict().items():
        values = (rng.normal(size=tuple(value.shape)) * 0.1).astype(np.float16).astype(np.float32)
        weights.tensors[name] = values.reshape(-1, 1) if name.endswith(("conv1.bias", "conv2.bias")) else values
    return weights


class Formats(unittest.TestCase):
    """GGML files are read as they were written."""

    def test_sixteen_bit_files_are_read_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path, weights = Path(folder) / "a.bin", small()
            ggml.write(path, weights)
            again = ggml.read(path)
            self.assertEqual(again.sizes, weights.sizes)
            self.assertEqual(again.vocabulary, weights.vocabulary)
            for name, values in weights.tensors.items():
                np.testing.assert_array_equal(again.tensors[name], values, name)

    def test_a_quantised_file_quantised_again_is_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = Path(folder) / "a.bin", Path(folder) / "b.bin"
            ggml.write(first, small(), "q8_0")
            ggml.write(second, ggml.read(first), "q8_0")
            self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_other_files_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.bin"
            path.write_bytes(bytes(100))
            with self.assertRaises(SystemExit):
                ggml.read(path)

    def test_english_and_multilingual_prompts(self):
        self.assertEqual(whisper.Tokens(small()).prompt, [50257, 50362])
        tokens = whisper.Tokens(small(n_vocab=51865))
        self.assertEqual(tokens.prompt, [50258, 50259, 50359, 50363])
        self.assertEqual(tokens.encode(""), [50257])
        self.assertEqual(tokens.decode(tokens.encode("Yes.")), "Yes.")


class Line(unittest.TestCase):
    """The telephone line."""

    def test_a_sound_depends_on_the_generator_alone(self):
        clip = (np.sin(np.arange(8000) / 9) * 20000).astype(np.int16)
        first, second = (telephone.Line().speech(clip, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_codecs_keep_a_signal_about_as_it_is(self):
        sound = np.sin(np.arange(1000) / 9).astype(np.float32) * 0.5
        for codec in (telephone.mu_law, telephone.a_law):
            self.assertLess(np.abs(codec(sound) - sound).max(), 0.03)

    def test_windows_are_those_of_offhook(self):
        self.assertEqual(len(telephone.prepared(np.zeros(100, np.float32))), 16000)
        self.assertEqual(telephone.positions(16000, 32), 88)
        self.assertEqual(telephone.positions(480000, 32), 1500)


class Steps(unittest.TestCase):
    """A training that was killed goes on as if nothing had happened."""

    def test_a_resumed_training_does_the_same_steps(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            ggml.write(folder / "teacher.bin", small())
            rng = np.random.default_rng(5)
            clips = [((rng.normal(size=n) * 0.1).astype(np.float32), "yes", ["Yes.", "Yes"], "noise")
                     for n in (6000, 7000, 8000, 30000, 32000, 9000)]
            speak.write(folder / "train000", clips)
            taught = [len(c[0]) > 20000 for c in clips]
            (folder / "taught").mkdir()
            np.savez(folder / "taught" / "train000.npz", numbers=np.where(taught, 0, -1), losses=np.zeros(6, np.float32),
                     lengths=np.array([6, 6]), hidden=np.zeros((12, 64), np.float16))
            options = argparse.Namespace(teacher=folder / "teacher.bin", assets=None, init=None, noise=None, rate=1e-3,
                                         steps=8, fall=2, positions=300, known=0.5, states=0.1, text=0.2, keep=0.9,
                                         seed=1, bf16=False, speech=folder, taught=folder / "taught", work=folder)
            straight = train.Training(options)
            losses = [straight.advance() for _ in range(3)]
            straight.save()
            losses += [straight.advance() for _ in range(4)]
            resumed = train.Training(options)
            resumed.resume(folder / "checkpoint.pt")
            self.assertEqual([resumed.advance() for _ in range(4)], losses[3:])
            for name, value in straight.mean.items():
                self.assertTrue(torch.equal(resumed.mean[name], value), name)


if __name__ == "__main__":
    unittest.main()
