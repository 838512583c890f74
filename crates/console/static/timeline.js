// When things happened in a call: where each turn begins, where the caller waits, where the agent speaks, and
// a line of all this above a recording. It must not know how a recording is played.

import { make } from "./element.js";
import { eventName, isTrouble } from "./events.js";
import { clock } from "./words.js";

const WORD_MS = 400; // how long a spoken word takes, roughly: nothing tells where a caller began
const BEFORE_MS = 700;
const PAUSE_MS = 1500; // a longer one begins another turn

/** The moments of each turn, in milliseconds of the call: `{turn, from, spoke, answers, until}`. */
export function momentsOf({ call, turns }) {
  let before = 0;
  return turns.map((turn) => {
    const until = Math.max(0, turn.at - call.started_at);
    const spoke = turn.speech_end_ms;
    const answers = spoke == null ? null : spoke + (turn.v2v_ms ?? 0);
    const words = (turn.heard ?? "").split(/\s+/).filter(Boolean).length;
    const guess = spoke == null ? before : spoke - words * WORD_MS - BEFORE_MS;
    const from = Math.max(0, Math.min(spoke ?? until, Math.max(guess, before)));
    before = answers ?? before;
    return { turn, from, spoke, answers, until };
  });
}

/**
 * The caller's outline tells when they began: what is loud before the end of their turn, with short pauses in
 * it. `loud` has a value for every `everyMs`.
 */
export function refine(moments, loud, everyMs) {
  const threshold = Math.max(0.01, 0.05 * loud.reduce((most, one) => Math.max(most, one), 0));
  let before = 0;
  for (const moment of moments) {
    if (moment.spoke == null) continue;
    let start = null;
    for (
      let at = Math.min(loud.length - 1, Math.ceil(moment.spoke / everyMs));
      at * everyMs >= before;
      at--
    ) {
      if (loud[at] >= threshold) start = at * everyMs;
      else if ((start ?? moment.spoke) - at * everyMs > PAUSE_MS) break;
    }
    if (start != null) moment.from = Math.min(start, moment.spoke);
    before = moment.spoke;
  }
}

/** The line: a piece for each wait and each answer, and marks for what happened. `lengthMs` is all of it. */
export function timeline(whole, moments, lengthMs) {
  const line = make("div", "timeline");
  const put = (element, fromMs, toMs) => {
    const percent = (ms) => `${Math.min(100, Math.max(0, (100 * ms) / lengthMs)).toFixed(3)}%`;
    element.style.left = percent(fromMs);
    if (toMs != null) element.style.width = percent(Math.max(0, Math.min(toMs, lengthMs) - fromMs));
    line.append(element);
  };
  for (const { turn, from, spoke, answers, until } of moments) {
    if (spoke != null) {
      put(titled(make("i", "span caller"), `turn ${turn.turn}: the caller`), from, spoke);
      put(titled(make("i", "span wait"), `turn ${turn.turn}: the caller waits`), spoke, answers);
    }
    const agent = titled(make("i", "span agent"), `turn ${turn.turn}: the agent`);
    if (turn.reply !== "") put(agent, answers ?? from, until);
    if (turn.interrupted) put(mark("cut", `the caller cut in at ${clock(until)}`), until);
    if (turn.failed) put(mark("bad", `fallback at ${clock(answers ?? from)}`), answers ?? from);
  }
  for (const event of whole.events) {
    const at = event.at - whole.call.started_at;
    put(mark(isTrouble(event) ? "bad" : "", `${eventName(event)} at ${clock(at)}`), at);
  }
  return line;
}

/** What the signs of the line mean. */
export function timelineLegend() {
  const signs = [
    ["span caller", "caller"],
    ["span wait", "waiting"],
    ["span agent", "agent"],
    ["mark cut", "cut in"],
    ["mark bad", "trouble"],
    ["mark", "other"],
  ];
  const item = ([sign, words]) => make("li", "", make("i", `sign ${sign}`), words);
  return make("ul", "signs", ...signs.map(item));
}

function mark(kind, words) {
  return titled(make("i", `mark ${kind}`), words);
}

function titled(element, words) {
  element.title = words;
  return element;
}
