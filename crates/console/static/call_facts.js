// What is known of a recorded call, as figures and as a table of all facts. It must not know its words.

import { endedBadly, howEnded } from "./call_list.js";
import { make, wholeMs } from "./element.js";
import { clock, counted, date, number } from "./words.js";

/** The few large figures. */
export function figures(call) {
  const v2v = call.latency?.v2v_ms;
  const list = make("dl", "figures");
  const add = (name, value, kind = "") =>
    list.append(make("div", "", make("dt", "", name), make("dd", kind, value)));
  add("length", call.duration_ms == null ? "–" : clock(call.duration_ms));
  add("turns", String(call.turns ?? 0));
  add("median wait", v2v ? wholeMs(v2v.p50) : "–");
  add("longest wait", v2v ? wholeMs(v2v.max) : "–");
  add("interruptions", String(call.interruptions ?? 0));
  if (call.fallbacks > 0) add("fallbacks", String(call.fallbacks), "warn");
  return list;
}

/** How it ended, with a light. */
export function ending(call) {
  const line = make("p", "light", call.end_reason || howEnded(call));
  line.dataset.light = call.ended_at == null ? "" : endedBadly(call) ? "bad" : "good";
  return line;
}

/** Everything else, behind a summary. */
export function allFacts(call) {
  const list = make("dl", "facts-table");
  const add = (name, value) => {
    if (value == null || value === "") return;
    list.append(make("div", "", make("dt", "", name), make("dd", "", String(value))));
  };
  const { drafts = {}, tokens = {}, line = {} } = call;
  add("name of the call", call.call_id);
  add("began", date(call.started_at));
  add("ended", call.ended_at == null ? "" : date(call.ended_at));
  add("end", call.end_code);
  add("gateway", call.gateway);
  add("samples a second", call.rate && number(call.rate));
  add("from", call.caller);
  add("to", call.called);
  add("client’s name", call.client_id);
  for (const [name, value] of Object.entries(call.data ?? {})) add(`data: ${name}`, value);
  add("false interruptions", call.hiccups);
  add("fillers", call.fillers);
  add("answers of a stand-in", call.stand_ins);
  const thrown = `${number(drafts.thrown_away)} thrown away`;
  add("drafts", `${number(drafts.used)} used of ${number(drafts.started)}, ${thrown}`);
  add(
    "tokens",
    `${number(tokens.prompt)} read, ${number(tokens.reused)} known, ${number(tokens.generated)} written`,
  );
  const sides = `${number(call.caller_audio_s, 1)} s caller, ${number(call.agent_audio_s, 1)} s agent`;
  add("audio", sides);
  add("processor", `${number(call.cpu_s, 2)} s of a core`);
  const odd = `${counted(line.jumps ?? 0, "hole")}, ${number(line.disordered)} out of order or lost`;
  add("line", `jitter ${wholeMs(line.jitter_ms ?? 0)}, ${wholeMs(line.concealed_ms ?? 0)} concealed, ${odd}`);
  add("recording", call.recording);
  add("trace", call.trace);
  return make("details", "card", make("summary", "", "All facts"), list);
}
