// Draws one channel of a recording as an outline. It must not know what is played, or where the outline is
// put.

import { makeSvg } from "./element.js";

const HALF = 50;

/** `loudest` is the largest peak of all channels: they share one scale. */
export function waveform(peaks, loudest, side) {
  const height = (peak) => (HALF - 2) * Math.min(1, (peak / Math.max(loudest, 0.02)) ** 0.7) + 0.7;
  const upper = Array.from(peaks, (peak, at) => `${at} ${(HALF - height(peak)).toFixed(1)}`);
  const lower = Array.from(peaks, (peak, at) => `${at} ${(HALF + height(peak)).toFixed(1)}`).reverse();
  return makeSvg(
    "svg",
    {
      class: `wave ${side}`,
      viewBox: `0 0 ${peaks.length - 1} ${2 * HALF}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    makeSvg("path", { d: `M${upper.join("L")}L${lower.join("L")}Z` }),
  );
}
