// The conversation of a recorded call: the words of both sides, a waterfall for each answer, and what
// happened, in its place. It must not know the recording: it is told what to do where somebody wants to
// hear a turn.

import { make } from "./element.js";
import { eventLine } from "./events.js";
import { legend, Waterfalls } from "./waterfall.js";
import { clock } from "./words.js";

const NOT_KEPT = "words are not kept (records.transcripts)";

/** `hear(moment)` plays from there; null where there is no recording. */
export class Conversation {
  constructor({ call, turns, events }, moments, hear) {
    this.waterfalls = new Waterfalls("the caller’s");
    this.element = make("div", "conversation");
    this.turns = [];
    const since = events.map((event) => ({ event, at: event.at - call.started_at }));
    const before = since.filter(({ at }) => turns.length === 0 || at < moments[0].from);
    this.element.append(...before.map(({ event, at }) => eventLine(event, at)));
    turns.forEach((turn, index) => {
      const until = moments[index + 1]?.from ?? Infinity;
      const within = since.filter(({ at }) => at >= moments[index].from && at < until);
      const element = this.turn(turn, moments[index], within, hear);
      this.turns.push({ element, moment: moments[index] });
      this.element.append(element);
    });
    if (turns.length === 0) this.element.append(make("p", "quiet", "Nobody spoke in this call."));
    if (turns.some(({ v2v_ms: ms }) => ms != null))
      this.element.append(make("details", "card", make("summary", "", "What the colours mean"), legend()));
  }

  /** `happened` stands before the answer or behind it, by its time. */
  turn(turn, moment, happened, hear) {
    const { spoke, answers } = moment;
    const lines = (these) => these.map(({ event, at }) => eventLine(event, at));
    const element = make("section", "turn");
    element.setAttribute("aria-label", turn.turn === 0 ? "Greeting" : `Turn ${turn.turn}`);
    element.append(this.moment(moment, hear));
    if (turn.heard == null && spoke != null) element.append(words("caller", make("span", "note", NOT_KEPT)));
    else if (turn.heard) element.append(words("caller", turn.heard));
    const isBefore = ({ at }) => answers != null && at <= answers;
    element.append(...lines(happened.filter(isBefore)));
    const reply = this.reply(turn);
    if (reply) element.append(reply);
    const report = { ...turn, stages: turn.stages?.first_sound ?? {}, hidden: turn.stages?.hidden };
    const figure = answers == null ? null : this.waterfalls.draw(report);
    if (figure) element.append(figure);
    element.append(...lines(happened.filter((one) => !isBefore(one))));
    return element;
  }

  moment(moment, hear) {
    const time = clock(moment.from);
    if (!hear) return make("p", "when", time);
    const button = make("button", "when");
    button.type = "button";
    button.addEventListener("click", () => hear(moment));
    sayMoment(button, moment);
    return button;
  }

  /** The recording knows better when callers begin to speak. */
  showMoments() {
    for (const { element, moment } of this.turns) sayMoment(element.querySelector("button.when"), moment);
  }

  reply(turn) {
    const notes = [];
    if (turn.interrupted) notes.push("the caller cut in: the rest was not heard");
    if (turn.failed) notes.push("fallback: an engine failed or was too slow");
    if (turn.rung > 0) notes.push(`a stand-in answered: ${turn.model}`);
    if (turn.cached) notes.push("an answer that was given before");
    if (turn.sources?.length > 0) notes.push(`from ${turn.sources.join(", ")}`);
    if (turn.heard_estimated) notes.push("where it was cut is estimated");
    if (!turn.reply && turn.reply != null && notes.length === 0) return null;
    const line = words("agent", turn.reply ?? make("span", "note", NOT_KEPT));
    for (const note of notes) line.append(" ", make("span", "note", note));
    return line;
  }

  /** Marks the turn that is heard. */
  at(ms) {
    const now = this.turns.findLast(({ moment }) => moment.from <= ms + 50)?.element;
    if (now === this.now) return;
    this.now?.classList.remove("heard");
    this.now = now;
    this.now?.classList.add("heard");
  }
}

function sayMoment(button, { from }) {
  button.textContent = `▶ ${clock(from)}`;
  button.setAttribute("aria-label", `Play from ${clock(from)}`);
}

function words(side, said) {
  const who = make("span", "who", side === "caller" ? "Caller" : "Agent");
  return make("p", `line ${side}`, who, " ", make("span", "words", said));
}
