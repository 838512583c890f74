// The page "Health": how the server does, looked at every two seconds. A part is drawn again only where its
// figures changed. It must not know how the server is asked.

import { getJson } from "./api.js";
import { byId, make } from "./element.js";
import { engines, quality } from "./engines.js";
import { advice, faults, load, records, room, waits, work } from "./health_parts.js";
import { repeat } from "./polling.js";
import { showReady } from "./ready.js";
import { counted, listOf, span } from "./words.js";

const PARTS = [
  { id: "advice", of: ({ advice: a, latency: l }) => [a, l?.v2v_ms?.count], draw: advice },
  { id: "faults", of: ({ faults: f }) => f, draw: faults },
  {
    id: "latency",
    of: (state) => [state[which()], which(), state.admission],
    draw: (s) => waits(s, which()),
  },
  { id: "engines", of: (state) => [state.engines, state.model_in_use], draw: engines },
  { id: "room", of: (s) => [s.admission, s.max_calls, s.calls?.length, s.cores, s.refused], draw: room },
  { id: "quality", of: (state) => state.quality, draw: quality },
  { id: "load", of: (state) => [state.history, state.cores], draw: load },
  { id: "records", of: (s) => [s.records, s.log_level, s.dropped_log_lines], draw: records },
  { id: "work", of: (s) => [s.work, s.thrift, s.cpu_s, s.threads, s.resident_mb], draw: work },
];
const drawn = new Map();
let last = null;

const which = () => document.querySelector("input[name=when]:checked").value;

function draw(state) {
  last = state;
  showReady(byId("ready"), state);
  const server = [
    `offhook ${state.version ?? ""}`.trim(),
    `has run for ${span(state.uptime_s ?? 0)}`,
    `${counted(listOf(state.calls).length, "call")} now`,
    `answers with ${state.model_in_use || "no model"}`,
  ];
  const words = server.join(" · ");
  if (byId("server").textContent !== words) byId("server").textContent = words;
  for (const { id, of, draw: made } of PARTS) {
    const figures = JSON.stringify(of(state) ?? null);
    if (drawn.get(id) === figures) continue;
    drawn.set(id, figures);
    byId(id).replaceChildren(made(state) ?? make("p", "quiet", "The server does not say."));
  }
}

document.querySelectorAll("input[name=when]").forEach((choice) => {
  choice.addEventListener("change", () => last && draw(last));
});
repeat(async () => draw(await getJson("/state")), 2000);
