#!/usr/bin/env bash
# Installs what a build needs and is missing: Debian packages, and with --checks also the tools of
# `make test`. Says what to install where it may not do so itself. Quick when nothing is missing.
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

# A program or file that shows that a package is there, and the package.
missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have cmake || missing+=(cmake)
have g++ || missing+=(g++)
have make || missing+=(make)
have ar || missing+=(binutils)
library=libflite_cmu_us_slt.a
if [ -z "${FLITE_LIB_DIR:-}" ] && [ -z "$(find /usr/lib /usr/lib64 /usr/local/lib -maxdepth 2 -name "$library" -print -quit 2>/dev/null)" ]; then
    missing+=(flite1-dev)
fi
# Published weights for the tests come as Python packages.
if [ "${1:-}" = --checks ] && ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    missing+=(python3-venv)
fi

if [ "${#missing[@]}" -gt 0 ]; then
    if have apt-get && [ "$(id -u)" = 0 ]; then
        root=()
    elif have apt-get && have sudo && sudo -n true 2>/dev/null; then
        root=(sudo)
    else
        say "these packages are missing, and may not be installed from here: ${missing[*]}"
        say "install them (Debian, Ubuntu: sudo apt-get install ${missing[*]}) and run this again"
        exit 1
    fi
    say "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
if ! have cargo; then
    say "Rust is missing: see https://rustup.rs (version $wanted or newer)"
    exit 1
fi
found=$(cargo --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    say "Rust is too old: $found, and $wanted or newer is needed (rustup update)"
    exit 1
fi

if [ "${1:-}" = --checks ]; then
    for component in clippy rustfmt; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
    done
    if ! have cargo-deny; then
        say "installing cargo-deny (some minutes, once)"
        cargo install --quiet --locked cargo-deny
    fi
fi
