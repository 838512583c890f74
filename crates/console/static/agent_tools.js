// The tools of the agent on the page "Agent": their names, what each does and is for. Only to be read: they are
// changed in config.toml. It must not know how they are carried out.

import { getJson } from "./api.js";
import { byId, make } from "./element.js";
import { listOf } from "./words.js";

const DOES = {
  hang_up: "ends the call",
  transfer: "connects the caller with somebody",
  hand_over: "lets another agent go on",
  send_keys: "presses keys",
  note: "writes it down in the records",
  http: "asks a server over HTTP",
  mcp: "asks an MCP server",
};

/** Shows the tools of all agents. */
export async function showTools() {
  const { tools, servers } = await getJson("/tools");
  byId("tool-list").replaceChildren(...listOf(tools).map(item), ...listOf(servers).filter(isDown).map(down));
  byId("no-tools").hidden = listOf(tools).length + listOf(servers).length > 0;
  byId("tools").hidden = false;
}

function item({ name, does, description, server }) {
  const kind = `${DOES[does] ?? does}${server ? ` (${server})` : ""}`;
  const about = make("p", "quiet", description || "Nothing is said of what it is for.");
  return make("li", "", make("div", "", make("strong", "", String(name)), ` ${kind}`), about);
}

const isDown = ({ trouble }) => Boolean(trouble);

function down({ name, trouble }) {
  const light = make("p", "light", `The server of tools ${name} cannot be asked: ${trouble}`);
  light.dataset.light = "fair";
  return make("li", "", light);
}
