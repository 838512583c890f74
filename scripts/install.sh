#!/usr/bin/env bash
# Puts a built offhook with its models, configuration and documents where it is told. The program is stripped; its
# line tables lie beside it, where debuggers and backtraces look (.debug/offhook.debug).
#
# usage: scripts/install.sh PROGRAM BIN SHARE DOC      folders, which are made
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2" "$3" "$4"
bin=$(realpath "$2") share=$(realpath "$3") doc=$(realpath "$4")
cd "$(dirname "$0")/.."

# A running program cannot be written to, but replaced.
new=$(mktemp "$bin/.offhook.XXXXXX")
trap 'rm -f "$new"' EXIT
mkdir -p "$bin/.debug"
objcopy --only-keep-debug "$program" "$bin/.debug/offhook.debug"
chmod 644 "$bin/.debug/offhook.debug"
objcopy --strip-all "$program" "$new"
# The link is a name and a sum, so that it is found wherever both lie.
(cd "$bin/.debug" && objcopy --add-gnu-debuglink=offhook.debug "$new")
chmod 755 "$new"
mv -f "$new" "$bin/offhook"

# Replaced by renaming, never written over: a server that starts meanwhile reads one file or the other.
put() {
    for file in "${@:2}"; do
        install -D -m 644 "$file" "$1/.$(basename "$file").new"
        mv -f "$1/.$(basename "$file").new" "$1/$(basename "$file")"
    done
}
put "$share/models/demo" models/demo/*.gguf
put "$share/models/whisper" models/whisper/*.bin models/whisper/*.toml models/whisper/LICENSE-whisper
put "$share" config.toml
put "$doc" README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md config.toml LICENSE-APACHE LICENSE-MIT
for folder in models/whisper models/demo models/demo/train/llm; do
    put "$doc/$folder" "$folder/README.md"
done
put "$doc/models/whisper" models/whisper/LICENSE-whisper
# Whatever these pages link to.
put "$doc/models" models/manifest.toml
put "$doc/docs" docs/*.md docs/*.svg docs/*.json
put "$doc/docs/decisions" docs/decisions/*.md
put "$doc/docs/deploy" docs/deploy/*
