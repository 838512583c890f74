#!/usr/bin/env bash
# A flame graph of the server during a load, and its hot spots: scripts/flamegraph.sh [SVG [OPTIONS OF bench calls]]
# Without options it is a load of 50 callers without models: the cost of everything around the models.
# Needs perf, which it installs from Debian, and inferno, which it builds from crates.
set -euo pipefail
cd "$(dirname "$0")/.."
svg=${1:-target/flamegraph.svg}
shift || true
load=("$@")
[ ${#load[@]} -gt 0 ] || load=(--mode scripted --callers 50)
seconds=10
offhook=target/release/offhook
[ -x "$offhook" ] || { echo "scripts/flamegraph.sh: build it first, with make build" >&2; exit 69; }

if ! command -v perf >/dev/null; then
    echo "installing perf…" >&2
    sudo=$([ "$(id -u)" -eq 0 ] || echo sudo)
    $sudo apt-get install -y -qq linux-perf >/dev/null
fi
if [ ! -x target/tools/bin/inferno-flamegraph ]; then
    echo "building inferno…" >&2
    cargo install --quiet --locked --root target/tools --version 0.12.3 inferno
fi
if ! perf stat -x, -e task-clock true >/dev/null 2>&1; then
    echo "scripts/flamegraph.sh: this machine does not let perf measure: sysctl kernel.perf_event_paranoid=1" >&2
    exit 77
fi

data=$(mktemp -d)
bench=
trap 'rm -rf "$data"; [ -z "$bench" ] || kill "$bench" 2>/dev/null || true' EXIT
"$offhook" bench calls --seconds $((seconds + 20)) "${load[@]}" &
bench=$!
# Its server is the only child. The first calls begin spread over some seconds.
server=
for _ in $(seq 300); do
    server=$(pgrep -P "$bench" -f " serve " | head -1 || true)
    [ -n "$server" ] && break
    sleep 0.1
done
[ -n "$server" ] || { echo "scripts/flamegraph.sh: the server did not start" >&2; wait "$bench"; exit 1; }
sleep 12
perf record -q -F 299 --call-graph dwarf,16384 -o "$data/perf.data" -p "$server" -- sleep "$seconds"
wait "$bench" || echo "scripts/flamegraph.sh: the load was not held; the graph shows it all the same" >&2
bench=
echo "reading the samples…" >&2
perf script -i "$data/perf.data" --no-inline 2>/dev/null >"$data/stacks"
target/tools/bin/inferno-collapse-perf <"$data/stacks" >"$data/folded" 2>/dev/null
target/tools/bin/inferno-flamegraph --title "offhook: ${load[*]}" --minwidth 0.2 <"$data/folded" >"$svg"
echo
echo "Hot spots, share of the server's processor time:"
perf report -i "$data/perf.data" --no-children --no-inline -g none --sort symbol --percent-limit 1 --stdio 2>/dev/null \
    | awk '/^ +[0-9]/ { sub(/( +-)* *$/, ""); if (++lines <= 25) print }'
echo "flame graph: $svg"
