#!/usr/bin/env bash
# Tries crates/tools with an MCP server of somebody else: mcp-server-time of the Python Package Index, which the
# protocol's own authors wrote. It is installed into a folder of its own that is gone afterwards; its tools are
# listed, and one is called. No part of `make test`: it downloads packages.
#
# usage: scripts/try_mcp.sh
# Ends with 1 if something is wrong, and with 69 if something is missing.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
command -v python3 >/dev/null || { echo "python3 is missing: apt-get install python3" >&2; exit 69; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp-server-time ||
    { echo "no package index gave mcp-server-time" >&2; exit 69; }

try() {
    cargo run --quiet --locked --manifest-path "$root/Cargo.toml" -p offhook-tools --example try_mcp -- \
        "$1" "$2" "$folder/venv/bin/python" -m mcp_server_time --local-timezone Europe/Berlin
}
try convert_time '{"source_timezone":"Europe/Berlin","time":"16:30","target_timezone":"Asia/Tokyo"}' |
    tee "$folder/answer"
grep -q 'Asia/Tokyo.*T[0-9:]*+09:00' "$folder/answer" || { echo "that is no time in Tokyo" >&2; exit 1; }
if try convert_time '{"source_timezone":"Nowhere/Atlantis","time":"16:30","target_timezone":"Asia/Tokyo"}'; then
    echo "a time zone that does not exist was taken" >&2
    exit 1
fi
echo "ok: its tools were listed, one was called, and a wrong call was refused"
