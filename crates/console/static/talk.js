// The page "Talk": shows one call at a time, and lets a person begin, steer and end it. It must not know the
// protocol's messages beyond handing them on, or how audio works.

import { ApiError } from "./api.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { chosen, prepareChoices } from "./choices.js";
import { byId } from "./element.js";
import { Keypad } from "./keypad.js";
import { Meter } from "./meters.js";
import { recordedCallers } from "./recorded_caller.js";
import { Rehearsal } from "./rehearsal.js";
import { loginAddress, signOut, whoAmI } from "./session.js";
import { drawSummary, whyEnded } from "./summary.js";
import { trialTicket } from "./trial.js";
import { offerTrial } from "./trial_banner.js";
import * as troubles from "./troubles.js";
import { legend, Waterfalls } from "./waterfall.js";

const STATES = {
  idle: "Ready",
  connecting: "Connecting …",
  listening: "Listening: say something",
  caller: "You speak",
  thinking: "Thinking …",
  speaking: "The agent speaks",
  muted: "Muted: the agent cannot hear you",
};
const WHOLE = ""; // the choice of the whole recorded conversation

const meters = { caller: new Meter(byId("meter-caller")), agent: new Meter(byId("meter-agent")) };
const keypad = new Keypad({
  onKey: (key) => current?.call.pressKey(key),
  onOpen: () => current?.captions.follow(true),
});
let current = null; // {call, captions, waterfalls, reports, rehearsal, recorded, muted, floor}
let sentences = [];
let lastBegin = () => begin(null);

function show(view) {
  document.body.dataset.view = view;
  byId("start").hidden = view !== "idle";
  byId("conversation").hidden = view === "idle";
  byId("controls").hidden = view !== "call";
  byId("summary").hidden = view !== "ended";
}

function tell(state, words = STATES[state]) {
  const place = byId("state");
  place.dataset.state = state;
  if (place.textContent !== words) place.textContent = words;
}

function showTrouble(trouble) {
  byId("trouble").hidden = !trouble;
  byId("trouble-title").textContent = trouble?.title ?? "";
  byId("trouble-advice").textContent = trouble?.advice ?? "";
  if (trouble) byId("call-label").textContent = "Try again";
}

/** Begins a call: through the microphone, or with a recorded caller and its plan of sentences. */
async function begin(plan) {
  if (current) return;
  lastBegin = () => begin(plan);
  const recorded = plan !== null;
  const call = new Call(handlers());
  const names = { caller: recorded ? "Caller" : "You" };
  byId("captions").replaceChildren();
  byId("legend").hidden = true;
  byId("odd").textContent = "";
  const captions = new Captions(byId("captions"), names);
  const waterfalls = new Waterfalls(recorded ? "the caller’s" : "your");
  current = { call, captions, waterfalls, reports: [], recorded, muted: false, floor: "" };
  prepareControls(recorded, names.caller);
  if (recorded) rehearse(plan);
  showTrouble(null);
  show("call");
  tell("connecting", recorded ? STATES.connecting : "Connecting: allow the microphone, if the browser asks");
  byId("conversation-title").focus();
  try {
    await call.begin(chosen(), recorded, trialTicket);
  } catch (error) {
    fail(error instanceof ApiError ? troubles.trialTrouble(error) : troubles.audioTrouble(error));
  }
}

function prepareControls(recorded, name) {
  byId("meter-caller-name").textContent = name;
  byId("sentences").hidden = !recorded;
  byId("mute").setAttribute("aria-pressed", "false");
  keypad.open(false);
}

function rehearse(plan) {
  const { call } = current;
  const whole = plan.length === sentences.length;
  const say = (file) => call.say(file);
  current.rehearsal = new Rehearsal(byId("sentences"), sentences, plan, say, () => whole && hangUp());
}

function handlers() {
  return {
    started() {
      tell("listening");
      current.rehearsal?.started();
    },
    floor(state) {
      current.floor = state;
      tellFloor();
    },
    levels: (side, rms) => meters[side].show(rms),
    hearing: (message, sentMs) => current.captions.hearing(message, sentMs),
    heard: (text) => current.captions.heard(text),
    saying: (text) => current.captions.prepare(text),
    agentStarts() {
      current.captions.agentStarts();
      current.rehearsal?.agentStarts();
    },
    turn: (report) => turn(report),
    oddMessage: (text) => {
      byId("odd").textContent = `The server says: ${text}`;
    },
    ended: (end) => ended(end),
  };
}

function tellFloor() {
  const { floor, muted, recorded } = current;
  if (!floor) return; // not connected yet
  if (muted && floor === "listening") tell("muted");
  else if (recorded && floor === "caller") tell("caller", "The caller speaks");
  else if (recorded && floor === "listening") tell("listening", "Listening");
  else tell(floor);
}

function turn(report) {
  const { captions, waterfalls, reports, rehearsal } = current;
  reports.push(report);
  const figure = waterfalls.draw(report);
  const element = captions.turn(report);
  if (figure) {
    element.append(figure);
    byId("legend").hidden = false;
    captions.follow();
  }
  rehearsal?.turn();
}

async function ended(end) {
  if (!end.closed.started && !end.hungUp) return fail(await troubleBefore(end));
  const { captions, reports } = finish();
  captions.finish();
  if (end.lost) showTrouble(troubles.MICROPHONE_LOST);
  if (!end.closed.started) return home();
  const broken = !end.summary && !end.hungUp;
  if (broken) showTrouble(troubles.closedTrouble(end.closed));
  drawSummary(byId("summary-figures"), end.summary, reports);
  const why = reasonOf(end, broken);
  byId("summary-title").textContent = why;
  tell("ended", `Ended: ${why.charAt(0).toLowerCase()}${why.slice(1, -1)}`);
  show("ended");
  byId("summary-title").focus();
}

function reasonOf({ summary, hungUp, lost }, broken) {
  if (broken) return "The connection broke.";
  if (lost) return "The microphone went away.";
  return hungUp ? "You hung up." : whyEnded(summary);
}

async function troubleBefore({ error, closed }) {
  if (error) return troubles.startTrouble(error);
  if (closed.opened) return troubles.closedTrouble(closed);
  const { signed_in: signedIn, here } = await whoAmI(true);
  if (!signedIn && !here) window.location.assign(loginAddress()); // the session is over
  return troubles.refusalTrouble();
}

/** The call did not come about. */
function fail(trouble) {
  finish();
  showTrouble(trouble);
  home();
}

function home() {
  tell("idle");
  show("idle");
  byId("call").focus();
}

function finish() {
  const past = current;
  current = null;
  past?.rehearsal?.stop();
  meters.caller.rest();
  meters.agent.rest();
  return past;
}

function hangUp() {
  if (!current) return;
  tell("ended", "Hanging up …"); // the summary may take a moment
  current.call.hangUp();
}

function toggleMute() {
  if (!current) return;
  current.muted = !current.muted;
  current.call.mute(current.muted);
  byId("mute").setAttribute("aria-pressed", String(current.muted));
  tellFloor();
}

/** M and H, and the digits while the keypad is open; never while somebody types into a field. */
function shortcut(event) {
  const typing = event.target.closest?.("input, textarea, select");
  if (!current || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (key === "m") toggleMute();
  else if (key === "h") hangUp();
  else keypad.typed(event.key);
}

async function offerRecordedCallers() {
  const choice = byId("recorded-choice");
  try {
    sentences = await recordedCallers();
  } catch {
    byId("recorded").hidden = true;
    return;
  }
  choice.append(new Option("A whole conversation", WHOLE));
  sentences.forEach(({ file, text }) => choice.append(new Option(text, file)));
}

function planOf(file) {
  return file === WHOLE ? sentences : sentences.filter((one) => one.file === file);
}

byId("call").addEventListener("click", () => begin(null));
byId("recorded").addEventListener("submit", (event) => {
  event.preventDefault();
  begin(planOf(byId("recorded-choice").value));
});
byId("again").addEventListener("click", () => lastBegin());
byId("back").addEventListener("click", () => {
  showTrouble(null);
  byId("call-label").textContent = "Call";
  home();
});
byId("mute").addEventListener("click", toggleMute);
byId("interrupt").addEventListener("click", () => current?.call.interrupt());
byId("hang-up").addEventListener("click", hangUp);
document.addEventListener("keydown", shortcut);
// The links to the other pages would end the call.
window.addEventListener("beforeunload", (event) => current && event.preventDefault());
byId("legend").append(legend());
prepareChoices();
byId("sign-out").addEventListener("click", signOut);
whoAmI().then(({ signed_in: signedIn }) => {
  byId("account").hidden = !signedIn;
});
offerTrial();
offerRecordedCallers();
