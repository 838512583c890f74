#!/usr/bin/env bash
# Tries docs/deploy with a real Prometheus: an offhook with a token, a Prometheus that scrapes it with our
# configuration, one call, and then every rule and every expression of the dashboard. Everything lies in a folder
# of its own and is gone afterwards. Takes about two minutes; nothing is downloaded.
#
# usage: scripts/try_prometheus.sh [WAV...]      what the caller says, instead of the shipped conversation
# The program is target/release/offhook, or $OFFHOOK. Ends with 1 if something is wrong, and with 69 if something
# is missing: Debian's package prometheus has both prometheus and promtool. KEEP=1 keeps the folder.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
deploy=$root/docs/deploy
offhook=${OFFHOOK:-$root/target/release/offhook}

missing() {
    printf '%s\n' "$*" >&2
    exit 69
}
for program in prometheus promtool; do
    command -v "$program" >/dev/null || missing "$program is missing: apt-get install prometheus"
done
for program in curl python3; do
    command -v "$program" >/dev/null || missing "$program is missing: apt-get install $program"
done
[ -x "$offhook" ] || missing "there is no $offhook: build it (make), or name one (OFFHOOK=PATH)"

folder=$(mktemp -d)
pids=()
wrong=0
# Ends what was started here, and nothing else.
cleanup() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    if [ "${KEEP:-0}" = 1 ]; then printf 'kept: %s\n' "$folder"; else rm -rf "$folder"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ok() { printf '  ok     %s\n' "$*"; }
bad() {
    printf '  WRONG  %s\n' "$*"
    wrong=1
}
# Runs a command; its output is shown where it fails.
check() {
    local what=$1
    shift
    if "$@" >"$folder/output" 2>&1; then ok "$what"; else
        bad "$what"
        sed 's/^/         /' "$folder/output"
    fi
}
# Runs a command again until it succeeds, for at most so many seconds.
within() {
    local seconds=$1
    shift
    for ((tries = 0; tries < seconds * 5; tries++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    return 1
}

# Asks Prometheus for what it stored, and for every rule and every expression; prints each check.
questions() {
    python3 - "http://127.0.0.1:$port" "$folder" "$root" <<'PYTHON'
import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

# Names that other servers of speech use, too. The ends are those of their samples.
KNOWN = (
    "stt_transcription_requests_total", "stt_transcription_errors_total", "stt_transcription_duration_seconds",
    "stt_audio_duration_seconds", "tts_synthesis_requests_total", "tts_synthesis_errors_total",
    "tts_synthesis_duration_seconds", "tts_text_length_chars", "llm_generation_requests_total",
    "llm_generation_errors_total", "llm_generation_duration_seconds", "llm_input_tokens", "llm_output_tokens",
)  # fmt: skip
ENDS = ("", "_total", "_count", "_bucket", "_sum")
# Families that have no sample before the first event of their kind.
ON_EVENTS = (
    "stt_transcription_errors_total", "llm_generation_errors_total", "offhook_failures_total",
    "offhook_refused_total",
)  # fmt: skip
OURS = r"\b(?:up|(?:offhook|stt|tts|llm|process)_[a-z0-9_]+)\b"

wrong = []


def check(right, what, why=""):
    """Print one check, and remember what is wrong."""
    print(f"  {'ok   ' if right else 'WRONG'}  {what}{'' if right else f': {why}'}")
    if not right:
        wrong.append(what)


def ask(prometheus, path, **parameters):
    """One answer of Prometheus' HTTP API, also of an error."""
    address = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def samples(file):
    """The names of all samples of a scrape."""
    return {re.split(r"[{ ]", line)[0] for line in file.read_text().splitlines() if not line.startswith("#")}


def names_in(expression):
    """The metrics that an expression reads."""
    return set(re.findall(OURS, re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", expression)))


def expressions(node, title=""):
    """All expressions of a dashboard, with the titles of their panels."""
    if isinstance(node, dict):
        title = node.get("title") or node.get("name") or title
        if isinstance(node.get("expr"), str):
            yield title, node["expr"]
        node = node.values()
    elif not isinstance(node, list):
        return
    for child in node:
        yield from expressions(child, title)


def as_grafana(expression):
    """The expression with values for the dashboard's variables."""
    for variable, value in (("$job", "offhook"), ("$instance", ".*"), ("$window", "2m"), ("$__rate_interval", "30s")):
        expression = expression.replace(variable, value)
    return expression


def known_names(stored, folder):
    """Check the names that others use, and say which are not there before they are needed."""
    before = samples(folder / "before.txt")

    def missing(among):
        return [name for name in KNOWN if not any(name + end in among for end in ENDS)]

    absent = [name for name in missing(stored) if name not in ON_EVENTS]
    check(not absent, f"the {len(KNOWN)} known names are stored, or appear with their first event", absent)
    for when, among in (("before the first call", before), ("after a call without errors", stored)):
        print(f"         absent {when}: {', '.join(missing(among)) or 'none'}")


def rules(prometheus):
    """Check that every rule was loaded and evaluated, and that none fires."""
    groups = ask(prometheus, "rules")["data"]["groups"]
    loaded = [rule for group in groups for rule in group["rules"]]
    sick = [f"{rule['name']}: {rule.get('lastError')}" for rule in loaded if rule["health"] != "ok"]
    check(loaded and not sick, f"{len(loaded)} rules are loaded, and each was evaluated", sick or "none")
    firing = [rule["name"] for rule in loaded if rule["state"] == "firing"]
    check(not firing, "no alert fires on a healthy server", firing)
    silent = [rule["name"] for rule in loaded if not {"summary", "description"} <= rule["annotations"].keys()]
    check(not silent, "each says what it means and what to do", silent)
    return {name for rule in loaded for name in names_in(rule["query"])}


def dashboard(prometheus, root, stored):
    """Check each expression of the dashboard: it is valid, and it has data."""
    board = json.loads((root / "docs/deploy/dashboard.json").read_text())
    bare = [panel["title"] for panel in board["panels"] if panel["type"] != "row" and not panel.get("description")]
    check(not bare, "every panel says what it shows", bare)
    invalid, empty, waiting, names = [], [], [], set()
    found = list(expressions(board))
    for title, expression in found:
        names |= names_in(expression)
        answer = ask(prometheus, "query", query=as_grafana(expression))
        if answer["status"] != "success" or "$" in as_grafana(expression):
            invalid.append(f"{title}: {answer.get('error', expression)}")
        elif not answer["data"]["result"] and "> 0" not in expression:
            (waiting if names_in(expression) - stored else empty).append(title)
    check(not invalid, f"{len(found)} expressions of {len(board['panels'])} rows and panels are valid", invalid)
    check(not empty, "each of them has data, if its metrics have", empty)
    print(f"         without data before the first event: {', '.join(sorted(set(waiting))) or 'none'}")
    return names


def queries(prometheus, root):
    """Check the queries of the page: what stands in its last fenced block, each below its comment."""
    block = (root / "docs/deploy/README.md").read_text().split("\n```\n")[-2]
    found = [query for query in re.sub(r"(?m)^#.*\n", "", block).split("\n\n") if query.strip()]
    answers = [ask(prometheus, "query", query=query) for query in found]
    sick = [query for query, answer in zip(found, answers) if not answer.get("data", {}).get("result")]
    check(found and not sick, f"the {len(found)} queries of README.md are valid and have data", sick)
    return {name for query in found for name in names_in(query)}


def main():
    prometheus, folder, root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    targets = ask(prometheus, "targets")["data"]["activeTargets"]
    errors = [target["lastError"] for target in targets if target["health"] != "up"]
    check(targets and not errors, "scrapes brought no error", errors or "no target")
    stored = set(ask(prometheus, "label/__name__/values")["data"])
    lost = samples(folder / "after.txt") - stored
    check(not lost, f"Prometheus stored all {len(samples(folder / 'after.txt'))} names of a scrape", sorted(lost))
    known_names(stored, folder)
    used = rules(prometheus) | dashboard(prometheus, root, stored) | queries(prometheus, root)
    sources = "".join(file.read_text() for file in (root / "src/telemetry/metrics").glob("*.rs"))
    invented = {
        name
        for name in used - stored
        if name not in ON_EVENTS or f'"{name.removesuffix("_total")}"' not in sources
    }
    check(not invented, f"the {len(used)} metrics of rules, dashboard and README.md exist", sorted(invented))
    unused = {name for name in stored if re.fullmatch(OURS, name)} - used
    families = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in used}
    unused = sorted(name for name in unused if re.sub(r"_(bucket|count|sum|total)$", "", name) not in families)
    print(f"         neither in a rule nor on the dashboard: {', '.join(unused) or 'none'}")
    for title, query in (
        ("calls that began", "sum(offhook_calls_started_total)"),
        ("calls in progress", "sum(offhook_calls_active)"),
        ("turns", "sum(offhook_turns_total)"),
        ("mean v2v, s", "sum(offhook_v2v_seconds_sum) / sum(offhook_v2v_seconds_count)"),
        ("sum of the mean stages, s", "sum(offhook_stage_seconds_sum) / sum(offhook_v2v_seconds_count)"),
    ):
        result = ask(prometheus, "query", query=query)["data"]["result"]
        print(f"         {title}: {float(result[0]['value'][1]):.4g}" if result else f"         {title}: no data")
    return 1 if wrong else 0


sys.exit(main())
PYTHON
}

echo "The files"
cp "$deploy"/*.yml "$folder"
printf 'a-token-of-this-try-%s\n' "$RANDOM$RANDOM$RANDOM" >"$folder/offhook.token"
check "promtool check config prometheus.yml" promtool check config "$folder/prometheus.yml"
check "promtool check rules alerts.yml" promtool check rules "$folder/alerts.yml"
check "promtool test rules alerts_test.yml" promtool test rules "$folder/alerts_test.yml"
check "dashboard.json is JSON" python3 -m json.tool "$deploy/dashboard.json"

echo "The server"
# The shipped configuration with a token and with records, which are off by default.
sed -e "s|\"models/|\"$root/models/|" -e 's|^token = ""|token = "file:offhook.token"|' \
    -e 's|^file = ""|file = "records.db"|' "$root/config.toml" >"$folder/config.toml"
"$offhook" --config "$folder/config.toml" serve --port 0 >"$folder/offhook.out" 2>"$folder/offhook.log" &
pids+=($!)
ready() { grep -q "^listening on " "$folder/offhook.out" && grep -q " ready " "$folder/offhook.log"; }
if ! within 120 ready; then
    bad "offhook did not start:"
    cat "$folder/offhook.log"
    exit 1
fi
address=$(sed -n 's/^listening on //p' "$folder/offhook.out" | head -1)
ok "offhook answers on $address"
status=$(curl -s -o /dev/null -w '%{http_code}' "http://$address/metrics")
if [ "$status" = 401 ]; then ok "/metrics without a token: 401"; else bad "/metrics without a token: $status"; fi
scrape() {
    curl -sf -D "$folder/headers" -H "Authorization: Bearer $(cat "$folder/offhook.token")" \
        "http://$address/metrics" >"$1"
}
check "/metrics with the token" scrape "$folder/before.txt"
check "its type is OpenMetrics" grep -qi "^content-type: application/openmetrics-text; version=1" "$folder/headers"

echo "Prometheus"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Our configuration, with this target and with scrapes that one call is long enough for.
sed -e "s|127.0.0.1:8080|$address|" -e "s|^  scrape_interval: .*|  scrape_interval: 2s|" \
    -e "s|^  evaluation_interval: .*|  evaluation_interval: 5s|" "$deploy/prometheus.yml" >"$folder/prometheus.yml"
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" --log.level=warn \
    --web.listen-address="127.0.0.1:$port" >"$folder/prometheus.log" 2>&1 &
pids+=($!)
if ! within 30 curl -sf "http://127.0.0.1:$port/-/ready"; then
    bad "prometheus did not start:"
    cat "$folder/prometheus.log"
    exit 1
fi
ok "$(prometheus --version 2>&1 | head -1 | cut -d' ' -f1-3) on 127.0.0.1:$port"
up() { curl -sf "http://127.0.0.1:$port/api/v1/query?query=up%7Bjob%3D%22offhook%22%7D" | grep -q '"1"\]'; }
check "the target is up" within 20 up

echo "One call"
if "$offhook" --config "$folder/config.toml" call --url "ws://$address/twilio" --record "$folder/call.wav" "$@" \
    >"$folder/call.txt" 2>&1; then
    ok "$(grep ' turns answered' "$folder/call.txt" || tail -1 "$folder/call.txt")"
else
    bad "offhook call failed:"
    tail -20 "$folder/call.txt"
fi
sleep 8 # two scrapes and an evaluation of the rules
check "/metrics after the call" scrape "$folder/after.txt"
questions || wrong=1

# promtool checks the older text format, in which counters are called NAME_total in their comments, too.
echo "promtool check metrics"
python3 - "$folder/after.txt" >"$folder/older.txt" <<'PYTHON'
import pathlib, re, sys
text = pathlib.Path(sys.argv[1]).read_text().removesuffix("# EOF\n")
for name in re.findall(r"(?m)^# TYPE (\S+) counter$", text):
    text = re.sub(rf"(?m)^(# (?:HELP|TYPE) {name}) ", r"\1_total ", text)
print(text, end="")
PYTHON
check "no complaints, as the older text format" promtool check metrics <"$folder/older.txt"

echo
if [ "$wrong" = 0 ]; then echo "All is well."; else echo "Something is wrong, see above." && exit 1; fi
