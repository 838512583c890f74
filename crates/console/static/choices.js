// The form for what the protocol lets a client choose: the caller's name, the agent's greeting and its
// instructions. It must not know the socket: it returns the fields of `session.start`.

import { byId } from "./element.js";
import { trial } from "./trial.js";

/** What of `session.start` the person has filled in; what is left empty is what they try, or as the server
    has it. */
export function chosen() {
  const start = {};
  const agent = { ...trial() };
  const caller = byId("choice-caller").value.trim();
  const prompt = byId("choice-prompt").value.trim();
  const greeting = byId("choice-greeting").value.trim();
  if (caller) start.caller = caller;
  if (prompt) agent.system_prompt = prompt;
  if (byId("choice-wait").checked) agent.greeting = "";
  else if (greeting) agent.greeting = greeting;
  if (Object.keys(agent).length > 0) start.agent = agent;
  return start;
}

/** A greeting and no greeting exclude each other. */
export function prepareChoices() {
  const wait = byId("choice-wait");
  const update = () => {
    byId("choice-greeting").disabled = wait.checked;
  };
  wait.addEventListener("change", update);
  update();
}
