// The page "Live": the calls that are open, looked at each second, what is said in one of them, and a way to
// end one. It must not know how the server is asked, or how a token is got.

import { ApiError, getJson, post } from "./api.js";
import { sure } from "./ask.js";
import { sayTrouble } from "./door.js";
import { byId, make, wholeMs } from "./element.js";
import { LiveWords } from "./live_words.js";
import { repeat } from "./polling.js";
import { showReady } from "./ready.js";
import { clock, counted, listOf } from "./words.js";

const rows = new Map(); // of the open calls, by their names
const past = new Set(); // of calls that are over, and still read; a new call may have the name of one

const FIGURES = [
  { name: "turns", of: (call) => String(call.turns ?? 0) },
  { name: "last wait", of: (call) => waited(call.v2v_ms) },
  { name: "median wait", of: (call) => waited(call.v2v_p50_ms) },
  { name: "interruptions", of: (call) => String(call.interruptions ?? 0) },
  { name: "failures", of: (call) => String(call.failures ?? 0), warn: (call) => call.failures > 0 },
];

const waited = (ms) => (ms == null ? "–" : wholeMs(ms));

/** A call's card. It stays the same element, so that its button keeps the focus. */
class Row {
  constructor(call) {
    this.id = String(call.id);
    this.length = make("span", "");
    this.agent = make("span", "");
    const gateway = make("span", "", call.gateway || "unknown gateway");
    this.title = make("h2", "", gateway, this.agent, ", ", this.length);
    this.end = make("button", "small", "Hang up");
    this.end.type = "button";
    this.end.setAttribute("aria-label", `Hang up ${this.id}`);
    this.end.addEventListener("click", () => hangUp(this));
    this.listen = make("button", "small", "Transcript");
    this.listen.type = "button";
    this.listen.setAttribute("aria-label", `Transcript of ${this.id}`);
    this.listen.setAttribute("aria-expanded", "false");
    this.listen.addEventListener("click", () => this.toggle());
    this.values = FIGURES.map(() => make("dd", ""));
    const list = make("dl", "figures");
    FIGURES.forEach(({ name }, at) => list.append(make("div", "", make("dt", "", name), this.values[at])));
    const buttons = make("div", "row", this.listen, this.end);
    this.element = make("li", "card live", this.title, buttons, make("p", "name quiet", this.id), list);
    this.update(call);
  }

  /** Opens what is said in the call, or closes it. The server lets a few read: one on this page. */
  toggle() {
    if (this.words) return this.close();
    [...rows.values(), ...past].forEach((row) => row.close());
    this.words = new LiveWords(this.id);
    this.element.append(this.words.element);
    this.listen.setAttribute("aria-expanded", "true");
    this.words.start();
    this.words.element.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.words?.stop();
    this.words?.element.remove();
    this.words = null;
    this.listen.setAttribute("aria-expanded", "false");
    if (this.isOver) this.leave();
  }

  /** The call is over. What was said in it stays to be read until it is closed. */
  over() {
    this.isOver = true;
    rows.delete(this.id);
    if (!this.words) return this.leave();
    past.add(this);
    this.words.isLast();
    if (document.activeElement === this.end) this.listen.focus();
    this.end.hidden = true;
  }

  leave() {
    if (this.element.contains(document.activeElement)) byId("title").focus(); // it is about to go
    this.element.remove();
    past.delete(this);
    showNobody();
  }

  /** Whether this is another call, that has the name of this one. */
  isBefore(call) {
    return (call.since_s ?? 0) < this.sinceS;
  }

  update(call) {
    this.sinceS = call.since_s ?? 0;
    write(this.agent, call.agent ? `, ${call.agent}` : "");
    write(this.length, clock((call.since_s ?? 0) * 1000));
    FIGURES.forEach(({ of, warn }, at) => {
      write(this.values[at], of(call));
      this.values[at].className = warn?.(call) ? "warn" : "";
    });
  }
}

function showNobody() {
  byId("nobody").hidden = rows.size + past.size > 0;
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

async function hangUp(row) {
  const words = "The caller hears the line go dead at once. The agent says no goodbye.";
  if (!(await sure("Hang up this call?", words, "Hang up"))) return;
  if (row.isOver) return; // another call may have its name by now
  row.end.textContent = "Hanging up …";
  try {
    await post(`/calls/${encodeURIComponent(row.id)}/hangup`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    row.end.textContent = "Hang up";
    if (error.status !== 404) return sayTrouble(error); // 404: it was over already
  }
  look();
}

async function show() {
  const state = await getJson("/state");
  const calls = listOf(state.calls);
  const places = state.max_calls > 0 ? ` of ${counted(state.max_calls, "place", "places")}` : "";
  write(byId("places"), `${counted(calls.length, "call")}${places}`);
  showReady(byId("ready"), state);
  const here = new Set(calls.map(({ id }) => String(id)));
  for (const [id, row] of rows) if (!here.has(id)) row.over();
  for (const call of calls) {
    const id = String(call.id);
    if (rows.get(id)?.isBefore(call)) rows.get(id).over();
    if (rows.has(id)) rows.get(id).update(call);
    else {
      rows.set(id, new Row(call));
      byId("live").append(rows.get(id).element);
    }
  }
  showNobody();
}

const look = repeat(show, 1000);
