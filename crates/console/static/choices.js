// The form for what the protocol lets a client choose: which agent answers, its voice, the caller's name, the
// greeting and the instructions. It must not know the socket: it returns the fields of `session.start`.

import { byId } from "./element.js";
import { trial } from "./trial.js";

const USUAL = ""; // the choice of what the server would choose

/** What of `session.start` the person has filled in; what is left empty is what they try, or as the server
    has it. */
export function chosen() {
  const start = {};
  const agent = { ...trial() };
  const caller = byId("choice-caller").value.trim();
  const prompt = byId("choice-prompt").value.trim();
  const greeting = byId("choice-greeting").value.trim();
  const [name, voice] = [byId("choice-agent").value, byId("choice-voice").value];
  if (caller) start.caller = caller;
  if (name !== USUAL) agent.name = name;
  if (voice !== USUAL) agent.voice = voice;
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
  offerAgents();
}

/** Where there is one agent or one voice only, nobody is asked. */
async function offerAgents() {
  const answer = await fetch("/console/agents.json", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return; // an older server: it has one of each
  const { agents, first, voices } = await answer.json();
  const [agent, voice] = [byId("choice-agent"), byId("choice-voice")];
  agent.replaceChildren(new Option(`${first} (answers usually)`, USUAL));
  agent.append(...agents.filter(({ name }) => name !== first).map(({ name }) => new Option(name, name)));
  voice.replaceChildren(new Option("the agent’s own", USUAL), ...voices.map((name) => new Option(name, name)));
  const describe = () => {
    const name = agent.value || first;
    byId("choice-agent-what").textContent = agents.find((one) => one.name === name)?.description ?? "";
  };
  agent.addEventListener("change", describe);
  describe();
  // What is tried belongs to the agent who answers usually.
  byId("choose-agent").hidden = agents.length < 2 || Object.keys(trial()).length > 0;
  byId("choose-voice").hidden = voices.length < 2;
}
