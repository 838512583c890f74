// Recorded calls as a list of links. It must not know how they were searched for.

import { make, wholeMs } from "./element.js";
import { clock, counted, date } from "./words.js";

// As the server has it (`ENDED_WELL` of the records): all other calls ended badly.
const ENDED_WELL = ["hung_up", "said_goodbye", "requested", "operator", "transferred", "taken_over", "replaced",
  "server_stopped"];

export const endedBadly = ({ ended_at: at, end_code: code }) => at != null && !ENDED_WELL.includes(code);

/** "said goodbye: the agent said goodbye" in a few words. */
export function howEnded(call) {
  if (call.ended_at == null) return "not over yet";
  return String(call.end_code ?? "unknown").replaceAll("_", " ");
}

export function listRow(call, href) {
  const who = call.caller || "unknown caller";
  const link = make("a", "name", who);
  link.href = href;
  const head = make("p", "head", link, make("span", "quiet", date(call.started_at)));
  const v2v = call.latency?.v2v_ms;
  const facts = [
    call.gateway || "unknown gateway",
    call.duration_ms == null ? "" : clock(call.duration_ms),
    counted(call.turns ?? 0, "turn"),
    v2v ? `waits ${wholeMs(v2v.p50)} median, ${wholeMs(v2v.max)} longest` : "",
  ];
  const line = make("p", "facts quiet");
  for (const fact of facts.filter(Boolean)) line.append(line.firstChild ? " · " : "", make("span", "", fact));
  const row = make("li", "record", head, line);
  row.append(badges(call));
  return row;
}

function badges(call) {
  const line = make("div", "badges");
  const add = (count, one, more, kind = "") =>
    count > 0 && line.append(make("span", `badge ${kind}`, counted(count, one, more)));
  if (endedBadly(call)) line.append(make("span", "badge bad", `ended badly: ${howEnded(call)}`));
  else if (call.ended_at == null) line.append(make("span", "badge", howEnded(call)));
  add(call.fallbacks, "fallback", "fallbacks", "bad");
  add(call.stand_ins, "answer of a stand-in", "answers of a stand-in", "bad");
  add(call.interruptions, "interruption");
  add(call.fillers, "filler");
  if (call.recording) line.append(make("span", "badge", "recorded"));
  return line;
}
