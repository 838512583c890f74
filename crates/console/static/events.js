// What happened in a call beside its turns, in words. It must not know where they are shown.

import { make } from "./element.js";
import { clock } from "./words.js";

const NAMES = {
  disclosed: "Disclosure",
  odd_message: "Odd message",
  late: "Too late",
  engine: "Engine failed",
  note: "Note",
  tool: "Tool",
  tool_failed: "Tool failed",
  quality: "Quality",
  records_dropped: "Records dropped",
};

export const eventName = ({ kind }) => NAMES[kind] ?? String(kind);
export const isTrouble = ({ kind, code }) =>
  kind === "disclosed" ? code === "cut" : !["quality", "odd_message", "note", "tool"].includes(kind);

/** A line between the turns. */
export function eventLine(event, sinceMs) {
  const line = make("p", `event ${isTrouble(event) ? "bad" : ""}`);
  line.append(make("span", "when", clock(sinceMs)), " ", make("strong", "", eventName(event)), " ");
  line.append(make("span", "", sentence(event)), " ", make("code", "quiet", String(event.code)));
  return line;
}

function sentence({ kind, code, message }) {
  if (kind !== "disclosed") return String(message);
  const cut = code === "cut" ? ", and was cut before its end." : ", and was heard to its end.";
  return `What must be disclosed at the beginning was spoken${cut}`;
}
