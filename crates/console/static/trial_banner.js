// Says on the page "Talk" that calls have unsaved settings, and lets a person stop that. It must not know how
// calls are made.

import { byId } from "./element.js";
import { stopTrying, trial, triedChanges } from "./trial.js";
import { counted } from "./words.js";

export function offerTrial() {
  const tried = trial();
  const names = [];
  if ("system_prompt" in tried) names.push("what it knows");
  if ("greeting" in tried) names.push("what it says first");
  const others = Object.keys(triedChanges()).length;
  if (others > 0) names.push(counted(others, "other setting"));
  byId("trial").hidden = names.length === 0;
  const last = names.pop();
  const what = names.length > 0 ? `${names.join(", ")} and ${last}` : last;
  byId("trial-what").textContent = `of the agent: ${what}, in your calls here only.`;
  byId("trial-stop").addEventListener("click", () => {
    stopTrying();
    byId("trial").hidden = true;
    byId("call").focus();
  });
}
