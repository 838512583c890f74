// What was made of a recorded call after its end: its summary, and its fields as a table. All of it is words
// of a language model about words of a caller. It must not know who made it.

import { make } from "./element.js";

/** A card, or null if nothing was to be made. */
export function afterCall(call) {
  const { state = "none", reason, summary, fields } = call.after_call ?? {};
  if (state === "none") return null;
  const card = make("section", "card after-call", make("h2", "", "Summary"));
  const note = (words) => card.append(make("p", "quiet", words));
  if (summary) card.append(make("p", "", String(summary)));
  if (state === "pending") note("It is still being made. Load the page again later.");
  if (state === "failed") card.append(light(`Not all of it was made: ${reason || "nobody knows why"}.`));
  if (state === "done" && !summary && !fields) note("Its words are not kept.");
  const table = tableOf(fields);
  if (table) card.append(table);
  return card;
}

function tableOf(fields) {
  if (fields == null || typeof fields !== "object") return null;
  const list = make("dl", "facts-table");
  for (const [name, value] of Object.entries(fields))
    list.append(make("div", "", make("dt", "", name), make("dd", "", shown(value))));
  return list.childElementCount > 0 ? list : null;
}

/** A value as people read it; what the call did not say is a dash. */
function shown(value) {
  if (value == null || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function light(words) {
  const line = make("p", "light", words);
  line.dataset.light = "bad";
  return line;
}
