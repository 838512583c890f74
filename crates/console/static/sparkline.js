// Draws how a figure went, as a small line, with its last and largest value in words. It must not know what
// the figure is.

import { make, makeSvg } from "./element.js";

const HEIGHT = 40;

/** `values` may have nulls, where nothing was measured. `told(value)` makes words of one. */
export function sparkline(name, values, told, { atLeast = 1, everyS = 1 } = {}) {
  const known = values.filter((value) => Number.isFinite(value));
  const figure = make("figure", "spark");
  const last = values.findLast((value) => Number.isFinite(value));
  const most = Math.max(...known);
  const caption = make("figcaption", "", make("span", "name", name));
  if (known.length === 0) caption.append(make("span", "quiet", "nothing yet"));
  else caption.append(make("strong", "", told(last)), make("span", "quiet", `at most ${told(most)}`));
  figure.append(caption);
  if (known.length > 0) figure.append(drawn(values, Math.max(atLeast, most), everyS));
  return figure;
}

function drawn(values, top, everyS) {
  const width = Math.max(1, values.length - 1);
  const y = (value) => (HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1);
  let path = "";
  let open = false; // a gap lifts the pen
  values.forEach((value, at) => {
    if (Number.isFinite(value)) {
      path += `${open ? "L" : "M"}${at} ${y(value)}`;
      const alone = !open && !Number.isFinite(values[at + 1]);
      if (alone) path += `l.01 0`;
    }
    open = Number.isFinite(value);
  });
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  svg.append(makeSvg("path", { d: path }), makeSvg("title", {}, `the last ${Math.round(width * everyS)} s`));
  return svg;
}
