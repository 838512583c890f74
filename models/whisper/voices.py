"""The synthetic voices that speak the training: Kokoro (54 voices and mixtures of them), Piper, flite,
festival, pico and espeak-ng, at many pitches, paces and vocal tracts.

A vocal tract is changed by playing a recording faster (a shorter tract) or slower; the synthesiser is
asked for a pace that makes up for it. Voices kept for the judgement are never spoken for the training:
``KOKORO_HELD``, flite's ``rms`` and ``ESPEAK_HELD``.
"""

import json
import re
import subprocess
import tempfile
import wave
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import onnxruntime
import soxr

RATE = 16000
KOKORO_RATE = 24000
KOKORO_HELD = ["am_michael", "am_puck", "af_bella", "af_nova", "bm_george", "bf_emma", "hm_omega", "ef_dora"]
KOKORO_SHARES = (0.5, 0.4, 0.3, 0.15)
ESPEAK_LANGUAGES = ["en-us", "en-us", "en-us", "en-us-nyc", "en-gb", "en-gb-x-rp", "en-gb-scotland"]
ESPEAK = """m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 f5 klatt klatt2 klatt3 Alex Alicia Andrea Gene Michael Lee
Henrique adam belinda benjamin caleb ed edward john linda max paul rob robert shelby steph2 travis zac
grandpa anika sandro pablo Hugo Mario""".split()
ESPEAK_HELD = "m8 Andy Gene2 Mike Annie victor david steph boris klatt4".split()
FESTIVAL = {"hts": "cmu_us_slt_arctic_hts", "ked": "ked_diphone", "kal": "kal_diphone"}
# espeak-ng's phonemes as Kokoro was taught them (its tokens come from the package misaki)
KOKORO_PHONEMES = [("aɪ", "I"), ("aʊ", "W"), ("dʒ", "ʤ"), ("eɪ", "A"), ("tʃ", "ʧ"), ("ɔɪ", "Y"),
                   ("oʊ", "O"), ("əʊ", "Q"), ("ɚ", "əɹ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("r", "ɹ"), ("ː", ""),
                   ("e", "A"), ("ɐ", "ə"), ("ɾ", "T"), ("ʔ", "t"), ("ɬ", "l"), ("x", "k")]


def choose(rng, kokoro_voices, held=False, kind=0):
    """Choose an engine, a voice and its settings; Kokoro, which takes its time, for a smaller share of long texts.

    ``kind`` is the class of length (texts.py).
    """
    pace = rng.uniform(0.8, 1.25)
    draw = rng.random()
    if not held:
        draw = rng.uniform(0.58, 1) if rng.random() > KOKORO_SHARES[kind] else 0.0
    if draw < (0.6 if held else 0.58):
        usable = [v for v in kokoro_voices if (v in KOKORO_HELD) == held]
        english = [v for v in usable if v[0] in "ab"]
        count = 1 if held else rng.choice([1, 1, 2, 2, 3])
        names = [rng.choice(english if rng.random() < 0.75 else usable) for _ in range(count)]
        weights = [rng.uniform(0.3, 1.0) for _ in names]
        tract = rng.choice([1.0, rng.uniform(0.88, 1.14)])
        return {"engine": "kokoro", "names": names, "weights": weights, "tract": tract,
                "speed": 1 / pace / tract, "british": names[0][0] == "b"}
    if held:
        if draw < 0.8:
            return {"engine": "flite", "names": ["rms"], "tract": 1.0, "stretch": pace, "shift": 1.0}
        return espeak(rng, ESPEAK_HELD, pace)
    if draw < 0.70:
        tract = rng.uniform(0.84, 1.16)
        return {"engine": "piper", "names": ["joe"], "tract": tract, "length": pace * tract,
                "noise": rng.uniform(0.5, 0.9), "noise_w": rng.uniform(0.6, 1.0)}
    if draw < 0.81:
        name = rng.choice(["slt", "slt", "awb", "awb", "kal16", "kal"])
        tract = rng.uniform(0.80, 1.04) if name == "slt" else rng.uniform(0.88, 1.15)
        return {"engine": "flite", "names": [name], "tract": tract, "stretch": pace * tract,
                "shift": rng.uniform(0.6, 1.35) / tract}
    if draw < 0.89:
        tract = rng.uniform(0.8, 1.06)
        return {"engine": "pico", "names": [rng.choice(["en-US", "en-US", "en-GB"])], "tract": tract,
                "pitch": round(min(max(rng.uniform(55, 115) / tract, 50), 200)),
                "speed": round(min(max(100 / pace / tract, 20), 500))}
    if draw < 0.94:
        name = rng.choice(["hts", "hts", "ked", "ked", "kal"])
        tract = rng.uniform(0.80, 1.04) if name == "hts" else rng.uniform(0.9, 1.2)
        return {"engine": "festival", "names": [name], "tract": tract, "stretch": pace * tract}
    return espeak(rng, ESPEAK, pace)


def espeak(rng, variants, pace):
    """Choose a variant of espeak-ng."""
    tract = rng.uniform(0.9, 1.12)
    name = f"{rng.choice(ESPEAK_LANGUAGES)}+{rng.choice(variants)}"
    return {"engine": "espeak", "names": [name], "tract": tract, "speed": round(165 / pace / tract),
            "pitch": rng.randint(20, 75)}


def label(voice):
    """Return the name of a voice for the index."""
    return voice["engine"] + "/" + "~".join(voice["names"])


def samples_of(path):
    """Read a WAV file (16-bit, mono) and remove it."""
    with wave.open(str(path)) as file:
        rate, data = file.getframerate(), file.readframes(file.getnframes())
    Path(path).unlink()
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768, rate


def quiet(command, **options):
    """Run a command; a failure shows later as a missing file."""
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
                   check=False, **options)


class Voices:
    """The synthesisers. ``folder`` holds kokoro.onnx, kokoro-vocab.json, kokoro-voices/ and piper.onnx."""

    def __init__(self, folder, threads=1):
        from piper import PiperVoice
        from piper.phonemize_espeak import EspeakPhonemizer
        folder = Path(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.phonemizer = EspeakPhonemizer()
        self.vocabulary = json.loads((folder / "kokoro-vocab.json").read_text())["vocab"]
        self.styles = {path.stem: np.fromfile(path, np.float32).reshape(-1, 256)
                       for path in sorted((folder / "kokoro-voices").glob("*.bin"))}
        self.kokoro = onnxruntime.InferenceSession(str(folder / "kokoro.onnx"), options,
                                                   providers=["CPUExecutionProvider"])
        self.piper = PiperVoice.load(str(folder / "piper.onnx"))
        self.piper.session = onnxruntime.InferenceSession(str(folder / "piper.onnx"), options,
                                                          providers=["CPUExecutionProvider"])

    def speak(self, jobs):
        """Speak [(text, voice)]; return a list of 16 kHz recordings (None where it failed)."""
        results = [None] * len(jobs)
        with tempfile.TemporaryDirectory() as folder:
            self._festival([(n, t, v) for n, (t, v) in enumerate(jobs) if v["engine"] == "festival"], folder)
            for n, (text, voice) in enumerate(jobs):
                path = Path(folder) / f"{n}.wav"
                try:
                    speaker = getattr(self, "_" + voice["engine"])
                    sound, rate = samples_of(path) if voice["engine"] == "festival" else speaker(text, voice, path)
                    if len(sound):
                        results[n] = soxr.resample(sound, rate * voice["tract"], RATE).astype(np.float32)
                except (OSError, EOFError, wave.Error, ValueError, IndexError, subprocess.TimeoutExpired):
                    pass
        return results

    def _kokoro(self, text, voice, _path):
        parts = self.phonemizer.phonemize("en" if voice["british"] else "en-us", text)
        phonemes = " ".join("".join(part) for part in parts)
        for old, new in KOKORO_PHONEMES:
            phonemes = phonemes.replace(old, new)
        tokens = [self.vocabulary[c] for c in phonemes if c in self.vocabulary][:500]
        total = sum(voice["weights"])
        style = sum(self.styles[n][len(tokens)] * (w / total) for n, w in zip(voice["names"], voice["weights"]))
        sound = self.kokoro.run(None, {"tokens": np.array([[0, *tokens, 0]], np.int64),
                                       "style": style[None].astype(np.float32),
                                       "speed": np.array([voice["speed"]], np.float32)})[0]
        return sound.ravel(), KOKORO_RATE

    def _piper(self, text, voice, _path):
        from piper import SynthesisConfig
        config = SynthesisConfig(length_scale=voice["length"], noise_scale=voice["noise"],
                                 noise_w_scale=voice["noise_w"])
        chunks = list(self.piper.synthesize(text, syn_config=config))
        data = b"".join(c.audio_int16_bytes + bytes(2 * int(0.15 * c.sample_rate)) for c in chunks)
        return np.frombuffer(data, "<i2").astype(np.float32) / 32768, chunks[0].sample_rate

    def _flite(self, text, voice, path):
        command = ["flite", "-voice", voice["names"][0], "--setf", f"duration_stretch={voice['stretch']:.3f}"]
        if voice["names"][0] in ("slt", "awb"):
            command += ["--setf", f"f0_shift={voice['shift']:.3f}"]
        quiet([*command, "-t", text, "-o", str(path)])
        return samples_of(path)

    def _espeak(self, text, voice, path):
        quiet(["espeak-ng", "-v", voice["names"][0], "-s", str(voice["speed"]), "-p", str(voice["pitch"]),
               "-w", str(path), text])
        return samples_of(path)

    def _pico(self, text, voice, path):
        text = (f"<pitch level='{voice['pitch']}'><speed level='{voice['speed']}'>{escape(text)}"
                "</speed></pitch>")
        quiet(["pico2wave", "-l", voice["names"][0], "-w", str(path), text])
        return samples_of(path)

    def _festival(self, jobs, folder):
        if not jobs:
            return
        script = []
        for n, text, voice in jobs:
            text = re.sub(r"[^\w',.? -]", "", text)
            script += [f"(voice_{FESTIVAL[voice['names'][0]]})",
                       f"(Parameter.set 'Duration_Stretch {voice['stretch']:.3f})",
                       f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{folder}/{n}.wav" \'riff)']
        file = Path(folder) / "speak.scm"
        file.write_text("\n".join(script) + "\n")
        quiet(["festival", "-b", str(file)])
