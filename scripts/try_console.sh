#!/usr/bin/env bash
# Tries the console in a real browser: an offhook of its own, and callers who use its page through a recorded
# microphone, a recorded caller or the keyboard (crates/console/tests); the pages for administrators against recorded
# answers. Takes about four minutes. Fetches playwright-core from npm into target/console-tests, once.
#
# usage: scripts/try_console.sh [PICTURES]       a folder for pictures of the page
# The program is target/release/offhook, or $OFFHOOK; the browser is /usr/bin/chromium, or $CHROMIUM. Ends with 1 if
# something is wrong, and with 69 if something is missing.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
offhook=${OFFHOOK:-$root/target/release/offhook}
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
pictures=${1:+$(realpath -m "$1")}

missing() {
    printf '%s\n' "$*" >&2
    exit 69
}
[ -x "$offhook" ] || missing "there is no $offhook: build it (make build), or name one (OFFHOOK=PATH)"
[ -x "$CHROMIUM" ] || missing "Chromium is missing: apt-get install chromium, or name one (CHROMIUM=PATH)"
for program in node npm python3; do
    command -v "$program" >/dev/null || missing "$program is missing (node and npm: https://nodejs.org, version 20 or newer)"
done
[ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || missing "Node 20 or newer is needed: https://nodejs.org"

tests=$root/target/console-tests
mkdir -p "$tests"
cp -r "$root"/crates/console/tests/. "$tests"
[ -d "$tests/node_modules/playwright-core" ] || (cd "$tests" && npm ci --silent --no-fund --no-audit)

folder=$(mktemp -d)
server=
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

cd "$root"
"$offhook" serve --open --port 0 >"$folder/address" 2>"$folder/log" &
server=$!
for _ in $(seq 300); do
    address=$(sed -n 's/^listening on //p' "$folder/address")
    [ -n "$address" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
[ -n "$address" ] || { cat "$folder/log" >&2; exit 1; }
printf 'the page: http://%s/\n' "$address"
[ -z "$pictures" ] || { mkdir -p "$pictures"; export OFFHOOK_PICTURES=$pictures; }
cd "$tests"
OFFHOOK_STATIC="$root/crates/console/static" OFFHOOK_URL="http://$address/" node --test --test-concurrency=1
