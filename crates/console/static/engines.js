// The engines with their health and what they do now, and what the server leaves out to stay quick. It must
// not know how often it is drawn.

import { make, wholeMs } from "./element.js";
import { counted, listOf, number } from "./words.js";

const HEALTH = {
  ok: { light: "good", words: "well" },
  degraded: { light: "fair", words: "with failures: a quarter of its last jobs failed" },
  open: { light: "bad", words: "left alone, because it failed too often" },
  half_open: { light: "fair", words: "tried again with one job" },
};
const KINDS = { stt: "hears", tts: "speaks", llm: "answers" };
const PRESSURE = {
  low: { light: "good", words: "The server is at ease." },
  between: { light: "good", words: "The server is busy, but not pressed." },
  high: { light: "fair", words: "The server is pressed." },
};

export function engines(state) {
  const list = make("ul", "plain engines", ...listOf(state.engines).map((one) => engine(one, state)));
  return list.childElementCount > 0 ? list : make("p", "quiet", "No engine has started.");
}

function engine(one, { model_in_use: inUse }) {
  const known = HEALTH[one.health] ?? { light: "", words: `in an unknown state: ${one.health}` };
  const name = String(one.name);
  const kind = KINDS[name.replace(/^api:/, "").split(":")[0]];
  const roles = [kind, name.startsWith("api:") && "for programs", name === `llm:${inUse}` && "in use"];
  const head = make("h3", "", name, " ", make("span", "quiet", roles.filter(Boolean).join(", ")));
  const again = one.retry_in_s == null ? "" : `, tried again in ${number(one.retry_in_s, 0)} s`;
  const light = make("p", "light", `${known.words}${again}`);
  light.dataset.light = known.light;
  const facts = [
    `${number(one.running)} running`,
    `${number(one.waiting)} waiting`,
    `${number(one.done)} done`,
    `${number(one.failed)} failed`,
  ];
  if (one.p95_ms != null) facts.push(`95 of 100 within ${wholeMs(one.p95_ms)}`);
  if (one.real_time_factor != null) facts.push(`${number(one.real_time_factor, 3)} s for a second of audio`);
  const item = make("li", "", head, light, make("p", "quiet", facts.join(" · ")));
  if (one.note) item.append(make("p", "", one.note));
  return item;
}

export function quality({ quality: q }) {
  if (!q) return make("p", "quiet", "The server does not say.");
  const known = PRESSURE[q.pressure] ?? { light: "", words: "The server does not say how pressed it is." };
  const light = make("p", "light", known.words);
  light.dataset.light = known.light;
  const place = make("div", "", light);
  if (q.because) place.append(make("p", "", `Because ${q.because}.`));
  if (!(q.of > 0)) {
    const off = make(
      "p",
      "quiet",
      "Nothing can be left out: ",
      make("code", "", "quality.measures"),
      " is empty.",
    );
    place.append(off);
    return place;
  }
  place.append(make("p", "", `${number(q.step)} of ${counted(q.of, "step")} taken.`), ladder(q));
  const measures = listOf(q.measures);
  if (measures.length > 0) place.append(make("ol", "", ...measures.map((words) => make("li", "", words))));
  else place.append(make("p", "quiet", "Nothing is left out: callers have the full quality."));
  return place;
}

function ladder({ step, of }) {
  const steps = Array.from({ length: Math.min(of, 12) }, (_, at) => make("i", at < step ? "taken" : ""));
  const element = make("div", "ladder", ...steps);
  element.setAttribute("aria-hidden", "true");
  return element;
}
