// The page "Calls": a search over recorded calls, page by page, or one call. What is shown stands in the
// address behind "#", which no server sees, so that the browser's own buttons work. It must not know what a
// call looks like.

import { getJson } from "./api.js";
import { listRow } from "./call_list.js";
import { CallView } from "./call_view.js";
import { guarded } from "./door.js";
import { byId, make } from "./element.js";
import { counted, listOf } from "./words.js";

const PAGE = 25;
const TEXTS = ["said", "caller", "gateway", "from", "to", "slow"];
let view = null; // the open call
let lastList = "#"; // where the list was
let shows = 0; // an answer that comes too late is not shown

const wanted = () => new URLSearchParams(window.location.hash.slice(1));

function fillForm(search) {
  const fields = byId("search").elements;
  TEXTS.forEach((name) => {
    const value = search.get(name) ?? "";
    const unknown = name === "gateway" && ![...fields.gateway.options].some((one) => one.value === value);
    if (unknown) fields.gateway.append(new Option(value, value)); // of another server's time
    fields[name].value = value;
  });
  fields.bad.checked = search.get("bad") === "true";
  if (TEXTS.slice(1).some((name) => search.get(name)) || fields.bad.checked) byId("more").open = true;
}

function formAsSearch() {
  const fields = byId("search").elements;
  const given = TEXTS.map((name) => [name, fields[name].value.trim()]).filter(([, value]) => value !== "");
  if (fields.bad.checked) given.push(["bad", "true"]);
  return new URLSearchParams(given);
}

/** The day in the viewer's own time, as milliseconds since 1970. */
function midnight(day, later = 0) {
  const [year, month, date] = (day ?? "").split("-").map(Number);
  const ms = new Date(year, month - 1, date + later).getTime();
  return Number.isNaN(ms) ? "" : ms;
}

function queryOf(search) {
  // One more than is shown tells whether there is a next page.
  const query = { limit: PAGE + 1, before: search.get("before") };
  for (const name of ["said", "caller", "gateway", "slow", "bad"]) query[name] = search.get(name);
  query.since = midnight(search.get("from"));
  query.until = midnight(search.get("to"), 1);
  return query;
}

async function showList(search, isCurrent) {
  byId("list").setAttribute("aria-busy", "true");
  let calls;
  try {
    calls = listOf((await getJson("/records", queryOf(search))).calls);
  } catch (error) {
    if (isCurrent()) byId("list").replaceChildren();
    if (error.status !== 404) throw error;
    if (isCurrent()) nothingKept(error.message);
    return;
  } finally {
    byId("list").removeAttribute("aria-busy");
  }
  if (!isCurrent()) return;
  const shown = calls.slice(0, PAGE);
  const narrowed = [...search.keys()].some((name) => name !== "before");
  byId("search").hidden = shown.length === 0 && [...search.keys()].length === 0;
  byId("list").replaceChildren(...shown.map((call) => listRow(call, `#call=${call.id}`)));
  byId("newest").hidden = !search.has("before");
  byId("older").hidden = calls.length <= PAGE;
  byId("older").dataset.before = shown.at(-1)?.id ?? "";
  const which = narrowed ? ` that fit${shown.length === 1 ? "s" : ""}` : "";
  const more = calls.length > PAGE ? ", and older ones" : "";
  byId("found").textContent = shown.length > 0 ? `${counted(shown.length, "call")}${which}${more}` : "";
  noneFound(shown.length === 0, narrowed);
}

function noneFound(none, narrowed) {
  const words = narrowed
    ? ["No call fits.", "Ask for fewer words, or for another time."]
    : ["No calls yet.", "They appear here once they have begun. Talk to the agent, and look again."];
  byId("none").hidden = !none;
  byId("none").replaceChildren(make("h2", "", words[0]), make("p", "", words[1]));
}

/** The server keeps no records, or has none of this address. */
function nothingKept(message) {
  byId("search").hidden = true;
  byId("found").textContent = "";
  byId("newest").hidden = byId("older").hidden = true;
  const how = make("p", "", "To keep what happens in calls, set ", make("code", "", "records.file"));
  how.append(" in the configuration, and ", make("code", "", "records.recordings"));
  how.append(" to record their sound; then start the server again.");
  const says = make("p", "quiet", `The server says: ${message}`);
  byId("none").replaceChildren(make("h2", "", "This server keeps no calls."), how, says);
  byId("none").hidden = false;
}

async function show() {
  const number = ++shows;
  const isCurrent = () => number === shows;
  const search = wanted();
  view?.close();
  view = null;
  const id = search.get("call");
  byId("list-view").hidden = id != null;
  byId("call-view").hidden = id == null;
  byId("title").hidden = id != null;
  document.title = "Calls – offhook";
  if (id == null) {
    lastList = `#${search}`;
    fillForm(search);
    return showList(search, isCurrent);
  }
  view = new CallView(byId("call-view"), lastList, () => {
    window.location.hash = lastList;
    byId("found").textContent = "The call is deleted.";
  });
  try {
    document.title = `${await view.show(id)} – offhook`;
  } catch (error) {
    if (error.status !== 404 || !isCurrent()) throw error;
    const back = make("a", "", "← All calls");
    back.href = lastList;
    const gone = make(
      "div",
      "card empty",
      make("h2", "", "This call is not here."),
      make("p", "", error.message),
    );
    byId("call-view").replaceChildren(make("p", "back", back), gone);
  }
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const search = `#${formAsSearch()}`;
  if (search === (window.location.hash || "#")) guarded(show);
  else window.location.hash = search;
});
byId("older").addEventListener("click", () => {
  const search = wanted();
  search.set("before", byId("older").dataset.before);
  window.location.hash = search.toString();
  byId("title").focus();
});
byId("newest").addEventListener("click", () => {
  const search = wanted();
  search.delete("before");
  window.location.hash = search.toString();
  byId("title").focus();
});
window.addEventListener("hashchange", () => guarded(show));
guarded(show);
