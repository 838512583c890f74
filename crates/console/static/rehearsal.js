// Decides when a recorded caller says which sentence: the next one shortly after the agent has answered, or
// any one at once, also into the agent's words, if a person presses its button. It must not know the socket
// or the audio.

import { make } from "./element.js";

const BREATH_MS = 700; // between the agent's answer and the caller's next sentence
const NO_GREETING_MS = 2500; // an agent without a greeting waits for the caller

export class Rehearsal {
  /** `sentences` are `{file, text}`; `plan` are those that the caller says by itself; `say(file)` speaks. */
  constructor(place, sentences, plan, say, done) {
    this.plan = [...plan];
    this.say = say;
    this.done = done;
    this.buttons = new Map();
    place.replaceChildren(
      ...sentences.map((one) => {
        const button = make("button", "", one.text);
        button.type = "button";
        button.disabled = true; // until somebody is there to hear it
        button.addEventListener("click", () => this.speak(one));
        this.buttons.set(one.file, button);
        return button;
      }),
    );
  }

  started() {
    for (const button of this.buttons.values()) button.disabled = false;
    this.later(NO_GREETING_MS);
  }

  /** The agent speaks: it is not the caller's turn. */
  agentStarts() {
    clearTimeout(this.timer);
  }

  turn() {
    this.later(BREATH_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  later(ms) {
    clearTimeout(this.timer);
    if (this.busy || this.stopped) return; // the sentence that is being spoken will get its own answer
    this.timer = setTimeout(() => this.next(), ms);
  }

  next() {
    const sentence = this.plan.shift();
    if (sentence) this.speak(sentence);
    else this.done();
  }

  async speak(sentence) {
    clearTimeout(this.timer);
    this.plan = this.plan.filter(({ file }) => file !== sentence.file);
    this.mark(sentence.file);
    this.busy = true;
    try {
      this.busy = !(await this.say(sentence.file));
    } catch {
      this.busy = false; // the recording is missing: the agent asks whether anybody is there, which is true
    }
    if (!this.busy) this.mark(null);
  }

  mark(file) {
    for (const [name, button] of this.buttons) button.classList.toggle("speaking", name === file);
  }
}
