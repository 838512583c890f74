#!/usr/bin/env bash
# Runs the language model's tests without kernels of our own. The test program is the one that
# `cargo test --workspace` has built: a build of the one package would build its dependencies once more.
set -euo pipefail
cd "$(dirname "$0")/.."
built=$(cargo test --release --locked --workspace --lib --no-run 2>&1)
program=$(sed -n 's/^ *Executable .*(\(.*offhook_llm-[0-9a-f]*\))$/\1/p' <<<"$built")
if [ ! -x "$program" ]; then
    printf '%s\n' "$built" >&2
    echo "the tests of offhook-llm were not found among these programs" >&2
    exit 1
fi
program=$(realpath "$program")
cd crates/llm
OFFHOOK_TEST_KERNELS=candle exec "$program"
