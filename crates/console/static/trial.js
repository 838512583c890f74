// What is tried before it is saved: the agent's instructions and its greeting, handed from the page "Agent" to
// the page "Talk" in sessionStorage, which dies with the tab. It must not know either page.

const KEY = "offhook.trial";

/** The fields of `agent` in `session.start`; none, if nothing is tried. */
export function trial() {
  try {
    const { system_prompt, greeting } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const agent = {};
    if (typeof system_prompt === "string") agent.system_prompt = system_prompt;
    if (typeof greeting === "string") agent.greeting = greeting;
    return agent;
  } catch {
    return {}; // what nobody can read is not tried
  }
}

export const tryOut = (agent) => sessionStorage.setItem(KEY, JSON.stringify(agent));
export const stopTrying = () => sessionStorage.removeItem(KEY);
