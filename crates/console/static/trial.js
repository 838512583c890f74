// What is tried before it is saved, handed from the page "Agent" to the page "Talk" in sessionStorage, which
// dies with the tab: the agent's instructions and its greeting, and changes of other settings. It must not
// know either page.

import { sendJson } from "./api.js";

const KEY = "offhook.trial";

function kept() {
  try {
    const { agent, changes } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return { agent: agent ?? {}, changes: changes ?? {} };
  } catch {
    return { agent: {}, changes: {} }; // what nobody can read is not tried
  }
}

/** The fields of `agent` in `session.start`; none, if nothing is tried. */
export function trial() {
  const { system_prompt, greeting } = kept().agent;
  const agent = {};
  if (typeof system_prompt === "string") agent.system_prompt = system_prompt;
  if (typeof greeting === "string") agent.greeting = greeting;
  return agent;
}

/** The changes of other settings, by their keys. */
export const triedChanges = () => kept().changes;

/** The server's ticket for one call with what is tried; "" if nothing is. Throws what the server refuses. */
export async function trialTicket() {
  const { agent, changes } = kept();
  if (Object.keys(agent).length + Object.keys(changes).length === 0) return "";
  const { trial: ticket } = await sendJson("POST", "/agent/trial", { changes });
  return ticket;
}

/** `agent` as in `session.start`, `changes` as for the server's check. */
export const tryOut = (agent, changes) => sessionStorage.setItem(KEY, JSON.stringify({ agent, changes }));
export const stopTrying = () => sessionStorage.removeItem(KEY);
