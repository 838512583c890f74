#!/bin/sh
# Makes the caller of the shipped conversation: one WAV a turn (16 bit, 8 kHz, mono) and
# conversation.json, which says what is spoken in each. The voice is flite's `rms`; no demo model was
# trained on it. Needs flite, sox and python3 (Debian: apt install flite sox python3).
# Run it in this folder: ./make.sh
#
# Each turn has 200 ms of silence before its speech and 20 ms after it, and its loudest sample at
# -6 dB of full scale.
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
: > "$work/turns"

# say TEXT FILE: speech without the silence that flite puts around it.
say() {
    flite -voice rms -t "$1" -o "$work/raw.wav"
    sox -D "$work/raw.wav" "$2" silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse
}

# turn TEXT [MILLISECONDS TEXT]...: one file; a number is a pause inside the turn.
turn() {
    number=$((number + 1))
    spoken=$1
    say "$1" "$work/turn.wav"
    shift
    while [ $# -gt 0 ]; do
        say "$2" "$work/next.wav"
        seconds=$(python3 -c "print($1 / 1000)")
        sox -D "$work/turn.wav" "$work/padded.wav" pad 0 "$seconds"
        sox -D "$work/padded.wav" "$work/next.wav" "$work/turn.wav"
        spoken="$spoken $2"
        shift 2
    done
    sox -D "$work/turn.wav" -b 16 -e signed-integer "$number.wav" rate -v 8000 gain -n -6 pad 0.2 0.02
    printf '%s.wav\t%s\n' "$number" "$spoken" >> "$work/turns"
}

turn "Hello, is this the dental clinic?"
turn "What time do you open on Monday?"
turn "How much is a cleaning?"
turn "Where can I park?"
turn "I would like to book an appointment on" 600 "Tuesday at ten."
turn "My name is Laura Baker."
turn "My number is five five five, two seven one nine."
turn "Great, thank you. Goodbye."

python3 - "$work/turns" > conversation.json <<'PY'
import json, sys
turns = [line.rstrip("\n").split("\t") for line in open(sys.argv[1])]
print(json.dumps({"voice": "flite rms", "turns": [{"file": f, "text": t} for f, t in turns]}, indent=2))
PY
