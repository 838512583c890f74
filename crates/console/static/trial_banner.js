// Says on the page "Talk" that calls have unsaved instructions or an unsaved greeting, and lets a person stop
// that. It must not know how calls are made.

import { byId } from "./element.js";
import { stopTrying, trial } from "./trial.js";

export function offerTrial() {
  const tried = trial();
  const names = [];
  if ("system_prompt" in tried) names.push("what it knows");
  if ("greeting" in tried) names.push("what it says first");
  byId("trial").hidden = names.length === 0;
  const what = `of the agent: ${names.join(" and ")}, in your calls here only.`;
  byId("trial-what").textContent = `${what} Other settings count once they are saved.`;
  byId("trial-stop").addEventListener("click", () => {
    stopTrying();
    byId("trial").hidden = true;
    byId("call").focus();
  });
}
