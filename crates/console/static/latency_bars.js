// How long callers wait, as bars: half of the waits, 95 and 99 of 100, in all and by stage. It must not know
// where the figures come from.

import { make, makeSvg, wholeMs } from "./element.js";
import { STAGES } from "./waterfall.js";
import { counted } from "./words.js";

const ROWS = [
  { key: "v2v_ms", name: "in all", means: "from the caller’s last sound to the agent’s first" },
  ...STAGES.map(({ key, name, means }, stage) => ({ key, name, means, stage })),
  {
    key: "answer_ms",
    name: "to the answer",
    means: "the same to the answer itself, where a filler came first",
  },
  { key: "mark_return_ms", name: "network", means: "to the caller’s ear and back, beside all others" },
];
const SHARES = [
  { key: "p50", words: "half" },
  { key: "p95", words: "95 of 100" },
  { key: "p99", words: "99 of 100" },
];

/** `limitMs` is the wait above which calls are refused; 0 for none. */
export function latencyBars(latency, limitMs) {
  const rows = ROWS.filter(({ key }) => latency?.[key]?.count > 0);
  if (rows.length === 0) return null;
  const widest = Math.max(...rows.map(({ key }) => latency[key].p99 ?? 0), 600);
  const scale = Math.ceil(widest / 200) * 200;
  const total = latency.v2v_ms?.count ?? 0;
  const note =
    `Of ${counted(total, "answer")}. Each bar: half of them are at most as long as its strongest part, 95 ` +
    "of 100 as the middle one, 99 of 100 as the whole. ";
  const limit = limitMs > 0 ? `Above ${wholeMs(limitMs)} in all (95 of 100), calls are refused.` : "";
  return make("div", "", table(rows, latency, scale), make("p", "hint", note + limit));
}

function table(rows, latency, scale) {
  const head = make("tr", "", cell("th", "wait", "col"), cell("td", "", ""));
  SHARES.forEach(({ words }) => head.append(cell("th", words, "col")));
  const body = make("tbody", "");
  for (const { key, name, means, stage } of rows) {
    const title = cell("th", name, "row");
    title.title = means;
    title.className = key === "v2v_ms" ? "total" : "";
    const row = make("tr", "", title, make("td", "bars", bar(latency[key], scale, stage)));
    SHARES.forEach((share) => row.append(cell("td", wholeMs(latency[key][share.key] ?? 0))));
    body.append(row);
  }
  return make("table", "latency", make("thead", "", head), body);
}

function cell(tag, words, scope) {
  const made = make(tag, "", words);
  if (scope) made.setAttribute("scope", scope);
  return made;
}

function bar(spread, scale, stage) {
  const colour = stage == null ? "whole" : `stage-${stage}`;
  const svg = makeSvg("svg", {
    class: "percentiles",
    viewBox: `0 0 ${scale} 20`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  for (const key of ["p99", "p95", "p50"])
    svg.append(makeSvg("rect", { class: `${colour} ${key}`, width: spread[key] ?? 0, height: 20 }));
  return svg;
}
