"""Chooses the margin of tuned weights from their curve on a synthetic held-out set, and writes the file that
travels with them (NAME.toml beside NAME.bin).

Good is a margin with at most half a percent more words wrong than the best of the curve, and at most one empty text
more. Chosen is the good one after the smallest: just below the smallest there may be a cliff.
"""

import argparse
import json
from pathlib import Path

SLACK = 0.5


def choose(curve):
    """Return the margin (ms) for {margin: figures}."""
    best = min(figures["all"]["percent"] for figures in curve.values())
    empty = min(figures["all"]["empty"] for figures in curve.values())
    good = [margin for margin, figures in curve.items()
            if figures["all"]["percent"] <= best + SLACK and figures["all"]["empty"] <= empty + 1]
    return sorted(good)[:2][-1] if good else min(curve, key=lambda margin: curve[margin]["all"]["percent"])


def curve_of(entry):
    """Return {margin: figures} of a results entry."""
    return {int(window.split()[0]): figures for window, figures in entry.items() if window.endswith(" ms")}


def main():
    """Choose, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="what judge.py wrote")
    parser.add_argument("tuned", help="name of the tuned weights in the results")
    parser.add_argument("published", help="name of the published weights in the results")
    parser.add_argument("held", type=Path, help="the held-out set")
    parser.add_argument("target", type=Path, help="the TOML file to write")
    parser.add_argument("--people", type=Path, help="a set of people to report on, if it was judged")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    curve = curve_of(results[options.tuned][options.held.name])
    margin = choose(curve)
    shown = options.people.name if options.people else options.held.name
    what = "recordings of people over the telephone" if options.people else "synthetic recordings, voices never trained"
    own = results[options.tuned][shown][f"{margin} ms"]["all"]
    other = results[options.published][shown]["whole"]["all"]
    measured = (f"{own['clips']} {what}, by models/whisper/judge.py: {own['percent']} % of {own['words']} words wrong, "
                f"{own['empty']} empty; published weights with the whole window {other['percent']} %, {other['empty']} empty")
    options.target.write_text(f'margin_ms = {margin}\nleast_positions = 0\nmeasured = "{measured}"\n')
    print(options.target.read_text(), end="")


if __name__ == "__main__":
    main()
