// The words of both sides, turn by turn: what the caller is saying, in grey until it is final; what the agent
// says; and what of it a caller who cut in did not hear. It must not know the socket, audio, or who decides
// about turns.

import { make } from "./element.js";

/** The words of `said` that come after `heard`; "" if `heard` is not how `said` begins. */
export function unheardRest(said, heard) {
  const bare = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const all = said.split(/\s+/).filter(Boolean);
  const known = heard.split(/\s+/).filter(Boolean);
  const begins = known.every((word, index) => index < all.length && bare(word) === bare(all[index]));
  return begins ? all.slice(known.length).join(" ") : "";
}

export class Captions {
  constructor(root, { caller = "You", agent = "Agent" } = {}) {
    this.root = root;
    this.names = { caller, agent };
    this.open = []; // turns without a report, oldest first; only one of them has the agent
  }

  /** What the recogniser makes of an utterance so far. `atMs` is how much audio the caller has sent. */
  hearing({ utterance, stable, unstable }, atMs) {
    const turn = this.open.find((one) => one.utterances.has(utterance)) ?? this.callersTurn();
    const known = turn.utterances.get(utterance);
    turn.utterances.set(utterance, { atMs: known?.atMs ?? atMs, stable, unstable });
    this.showPartial(turn);
    this.follow();
  }

  /** The final words of a turn whose answer is still to come. */
  heard(text) {
    const turn = this.open.find((one) => !one.agent) ?? this.open[0] ?? this.newTurn();
    turn.final = text;
    turn.utterances.clear(); // what is recognised from now on comes on top
    this.finalCaller(turn, text);
    this.follow();
  }

  /** Sound of the agent: its words may not be known yet. */
  agentStarts() {
    let turn = this.open.find((one) => one.agent);
    if (turn) return turn;
    turn = this.open.at(-1) ?? this.newTurn();
    turn.said = [];
    turn.agent = this.line(turn, "agent");
    turn.agent.append(speakingDots());
    turn.agent.parentElement.setAttribute("aria-hidden", "true");
    this.follow();
    return turn;
  }

  /** A piece of speech that will be heard. Returns what to call when it begins. */
  prepare(text) {
    const turn = this.agentStarts();
    const piece = { text, begun: false };
    turn.said.push(piece);
    return () => {
      piece.begun = true;
      if (!this.open.includes(turn)) return;
      const words = turn.said.filter(({ begun }) => begun).map((one) => one.text);
      turn.agent.replaceChildren(words.join(" ").trim(), " ", speakingDots());
      this.follow();
    };
  }

  /** A turn is over. Returns its element, for what belongs beneath the words. */
  turn(report) {
    const turn = this.open.find((one) => one.agent) ?? this.open[0] ?? this.newTurn();
    this.open = this.open.filter((one) => one !== turn);
    this.takeEarlier(turn, report);
    turn.element.dataset.turn = report.turn;
    if (report.heard) this.finalCaller(turn, report.heard);
    else if (turn.utterances.size === 0) turn.caller?.parentElement.remove();
    this.finalAgent(turn, report);
    this.follow();
    return turn.element;
  }

  /** The call is over: what is open stays as it is, without signs of more to come. */
  finish() {
    for (const turn of this.open.splice(0)) {
      turn.element.querySelectorAll(".dots").forEach((dots) => dots.remove());
      turn.agent?.append(make("span", "note", "the call ended here"));
      turn.agent?.parentElement.removeAttribute("aria-hidden");
      if (turn.utterances.size > 0) this.finalCaller(turn, textOf(turn));
    }
  }

  /** Where words of the caller belong that no turn has yet: beneath the agent, if the agent speaks. */
  callersTurn() {
    const last = this.open.at(-1);
    return last && !last.agent ? last : this.newTurn();
  }

  newTurn() {
    const turn = { element: make("div", "turn"), utterances: new Map(), final: "", said: [] };
    this.root.append(turn.element);
    this.open.push(turn);
    return turn;
  }

  line(turn, side) {
    const words = make("span", "words");
    const line = make("p", `line ${side}`, make("span", "who", this.names[side]), " ", words);
    if (side === "caller") turn.element.prepend(line);
    else turn.element.append(line);
    return words;
  }

  showPartial(turn) {
    turn.caller ??= this.line(turn, "caller");
    // Screen readers get final words only: partials change several times a second.
    turn.caller.parentElement.setAttribute("aria-hidden", "true");
    turn.caller.replaceChildren(turn.final, " ");
    for (const { stable, unstable } of turn.utterances.values()) {
      if (stable) turn.caller.append(make("span", "partial stable", stable), " ");
      if (unstable) turn.caller.append(make("span", "partial", unstable), " ");
    }
  }

  /**
   * Utterances that began before the caller's last word of this turn belong to it, wherever they were shown.
   */
  takeEarlier(turn, { speech_end_ms: end, v2v_ms: wait, heard }) {
    if (!heard) return;
    for (const later of this.open) {
      for (const [id, { atMs }] of later.utterances) {
        if (end == null || atMs < end + (wait ?? 0)) later.utterances.delete(id);
      }
      if (later.utterances.size > 0 && later.caller) this.showPartial(later);
      else if (!later.agent && !later.final) later.element.remove();
    }
    this.open = this.open.filter((one) => one.agent || one.utterances.size > 0 || one.final);
  }

  finalCaller(turn, text) {
    turn.caller = this.finalLine(turn, "caller");
    turn.caller.textContent = text;
  }

  /** A new element in the place of the one that changed, so that screen readers announce it, once. */
  finalLine(turn, side) {
    turn[side]?.parentElement.remove();
    return this.line(turn, side);
  }

  finalAgent(turn, { reply, interrupted }) {
    if (!reply && !turn.agent) return;
    turn.agent = this.finalLine(turn, "agent");
    turn.agent.append(reply);
    if (!interrupted) return;
    const rest = unheardRest(turn.said.map(({ text }) => text).join(" "), reply);
    if (rest) turn.agent.append(" ", make("del", "unheard", rest), " ", make("span", "note", "not heard"));
    else if (reply) turn.agent.append(" — ", make("span", "note", "cut here, the rest was not heard"));
    else turn.agent.append(make("span", "note", "cut before a word was heard"));
  }

  /** Keeps the newest words in sight, unless the reader has scrolled back. */
  follow(always = false) {
    const room = this.root;
    const behind = room.scrollHeight - room.scrollTop - room.clientHeight;
    if (always || behind < 240) room.scrollTop = room.scrollHeight;
  }
}

function textOf({ final, utterances }) {
  const partials = [...utterances.values()].map(({ stable, unstable }) => `${stable} ${unstable}`.trim());
  return [final, ...partials].filter(Boolean).join(" ");
}

function speakingDots() {
  const dots = make("span", "dots", make("i"), make("i"), make("i"));
  dots.setAttribute("aria-hidden", "true");
  return dots;
}
