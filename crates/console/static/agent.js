// The page "Agent": what the agent knows and says, its voice and its turn-taking, changed, tried and saved.
// Changes that are not saved stay in the tab. It must not know what a setting means, or how it is checked.

import { ApiError, getJson, sendJson } from "./api.js";
import { Field, nameOf, textOf } from "./agent_fields.js";
import { showTools } from "./agent_tools.js";
import { guarded, sayTrouble } from "./door.js";
import { byId, make } from "./element.js";
import { stopTrying, tryOut } from "./trial.js";
import { counted } from "./words.js";

const DRAFT = "offhook.agent-draft";
const GROUPS = [
  ["What it knows and says", ["agent"], true],
  ["Voice", ["tts"], true],
  ["When the caller has finished", ["endpoint", "vad"], false],
  ["When the caller cuts in", ["barge_in"], false],
  ["Manners", ["manners"], false],
  ["Answers ahead, and keys", ["speculation", "keys"], false],
];

let fields = [];
let version = "";
let leaving = false; // for Talk, where the changes come along

const changed = () => fields.filter((field) => field.isChanged);
const changes = () => Object.fromEntries(changed().map(({ setting, value }) => [setting.key, value]));

function draft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}");
  } catch {
    return {};
  }
}

async function load() {
  const answer = await getJson("/agent");
  version = answer.version;
  const kept = fields.length > 0 ? changes() : draft();
  byId("file").textContent = answer.exists
    ? `These settings are in ${answer.file}. Its comments stay when you save.`
    : `The server runs with what is built in. Saving makes ${answer.file}.`;
  byId("waits").hidden = !answer.waits_for_restart;
  fields = answer.settings.map((setting) => new Field(setting, update));
  byId("settings").replaceChildren(...GROUPS.map(group));
  for (const field of fields) {
    if (Object.hasOwn(kept, field.setting.key)) field.show(kept[field.setting.key]);
  }
  byId("again").hidden = true;
  update();
}

function group([title, sections, open]) {
  const own = fields.filter(({ setting }) => sections.includes(setting.key.split(".")[0]));
  const card = make("details", "card group", make("summary", "", title));
  card.append(...own.map((field) => field.element));
  card.open = open;
  return card;
}

/** Shows what has changed, and keeps it in the tab. */
function update() {
  const now = changed();
  for (const field of fields) {
    field.element.dataset.changed = String(field.isChanged);
    if (!field.isChanged) field.complain("");
  }
  byId("changes").hidden = now.length === 0;
  byId("differences").replaceChildren(...now.map(difference));
  ["save", "check", "undo"].forEach((id) => (byId(id).disabled = now.length === 0));
  say(now.length > 0 ? `${counted(now.length, "change")} not saved.` : "");
  if (now.length > 0) sessionStorage.setItem(DRAFT, JSON.stringify(changes()));
  else sessionStorage.removeItem(DRAFT);
}

function difference(field) {
  const { key, kind, value, takes_effect } = field.setting;
  const undo = make("button", "small", "Undo");
  undo.type = "button";
  undo.setAttribute("aria-label", `Undo: ${nameOf(key)}`);
  undo.addEventListener("click", () => {
    field.show(value);
    update();
    field.input.focus();
  });
  const shown = (text) => text || "(nothing)";
  const head = make("div", "row", make("strong", "", nameOf(key)), undo);
  const before = make("del", "", shown(textOf(kind, value)));
  const after = make("ins", "", shown(kind === "switch" ? String(field.value) : field.input.value));
  const when = takes_effect === "new calls" ? "for new calls, at once" : "for calls after a restart";
  return make("li", "", head, before, after, make("span", "quiet", when));
}

function say(words) {
  if (byId("told").textContent !== words) byId("told").textContent = words;
}

/** Asks the server what is wrong, and says it beside each field: `otherwise` is what does not happen then.
    Resolves to whether all is right. */
async function check(otherwise = "Nothing was saved.") {
  const { problems } = await sendJson("POST", "/agent/check", { changes: changes() });
  fields.forEach((field) => field.complain(""));
  const elsewhere = [];
  let first = null;
  for (const { key, message } of problems) {
    const field = fields.find(({ setting }) => setting.key === key);
    if (!field) elsewhere.push(`${key}: ${message}`);
    else field.complain(`This cannot be used: ${message}.`);
    first ??= field;
  }
  sayTrouble(elsewhere.length > 0 ? { message: `In the rest of the file: ${elsewhere.join("; ")}` } : null);
  if (problems.length === 0) return true;
  say(`${counted(problems.length, "setting")} cannot be used. ${otherwise}`);
  if (first) {
    first.element.closest("details.group").open = true;
    first.input.focus();
  }
  return false;
}

async function save() {
  if (!(await check())) return;
  try {
    const answer = await sendJson("PUT", "/agent", { version, changes: changes() });
    stopTrying();
    fields = [];
    sessionStorage.removeItem(DRAFT);
    await load();
    const later = answer.after_a_restart.length > 0;
    say(`Saved. New calls have it.${later ? " The voice takes effect after a restart." : ""}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) byId("again").hidden = false;
    throw error;
  }
}

/** Opens Talk with all that new calls would have if it were saved, once the server finds nothing wrong. */
async function tryInTalk() {
  if (!(await check("Nothing can be tried."))) return;
  const agent = {};
  const others = {};
  for (const { setting, value, isChanged } of fields) {
    if (setting.key === "agent.system_prompt") agent.system_prompt = value.trim();
    else if (setting.key === "agent.greeting") agent.greeting = value.trim();
    else if (isChanged && setting.takes_effect === "new calls") others[setting.key] = value;
  }
  tryOut(agent, others);
  leaving = true;
  window.location.assign("/");
}

byId("settings").addEventListener("submit", (event) => event.preventDefault());
byId("save").addEventListener("click", () => guarded(save));
byId("try").addEventListener("click", () => guarded(tryInTalk));
byId("check").addEventListener("click", () =>
  guarded(async () => {
    if (await check()) say(`All is right. ${counted(changed().length, "change")} not saved.`);
  }),
);
byId("undo").addEventListener("click", () => {
  fields.forEach((field) => field.show(field.setting.value));
  update();
});
byId("again").addEventListener("click", () => guarded(load));
window.addEventListener("beforeunload", (event) => {
  if (!leaving && changed().length > 0) event.preventDefault();
});
guarded(async () => {
  await load();
  await showTools();
});
