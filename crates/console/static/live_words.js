// The words of one open call, as they come: captions, where the time of each answer went, and how it ends. It
// must not know how the page finds calls, or how the server is asked for events.

import { ApiError } from "./api.js";
import { Captions } from "./captions.js";
import { make } from "./element.js";
import { readEvents } from "./event_stream.js";
import { sentence } from "./summary.js";
import { Waterfalls } from "./waterfall.js";
import { counted, number } from "./words.js";

const AGAIN_MS = 2000;
const EARLIER_MS = 700; // in which the lines from before come
const WORDS = {
  redacted: "Card numbers and other personal numbers are left out, so words come when a turn is over.",
  none: "Words are not kept (records.transcripts), so none are shown.",
  all: "",
};
const TOOL_ENDS = {
  done: "was carried out",
  failed: "failed",
  cancelled: "was cancelled",
  unknown: "is awaited no longer",
};
const LOST = "The connection broke. Trying again …";
const NOT_FOUND = 404;

export class LiveWords {
  constructor(id) {
    this.id = id;
    this.state = make("span", "");
    this.state.setAttribute("role", "status");
    // Who speaks changes every second or two: for eyes only.
    this.floor = make("span", "quiet");
    this.floor.setAttribute("aria-hidden", "true");
    this.light = make("p", "light", this.state, this.floor);
    this.about = make("p", "quiet", "");
    this.room = make("div", "captions");
    this.room.tabIndex = 0;
    this.room.setAttribute("role", "log");
    this.room.setAttribute("aria-relevant", "additions");
    this.room.setAttribute("aria-label", `What is said in ${id}`);
    this.element = make("section", "words-of-call", this.light, this.about, this.room);
    this.element.setAttribute("aria-label", `Transcript of ${id}`);
    this.over = false;
    this.callIsOver = false;
  }

  /** Reads until the call is over or `stop` is called; after a break, from the beginning. */
  async start() {
    this.stopper = new AbortController();
    while (!this.over && !this.stopper.signal.aborted) {
      if (this.callIsOver) return this.end("The call is over.");
      try {
        this.begin();
        const path = `/calls/${encodeURIComponent(this.id)}/events`;
        await readEvents(path, (event) => this.take(event), this.stopper.signal);
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error instanceof ApiError && error.status === NOT_FOUND) return this.end("The call is over.");
        if (error instanceof ApiError && error.status !== 0) return this.say("bad", error.message);
      }
      if (this.over || this.stopper.signal.aborted) return;
      this.say("fair", LOST);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  stop() {
    this.stopper?.abort();
  }

  /** The call is over. What still comes is read, but nobody is asked again: a new call may have its name. */
  isLast() {
    this.callIsOver = true;
  }

  begin() {
    this.room.replaceChildren();
    // Lines from before are there to be read, and not told one after the other.
    this.room.setAttribute("aria-busy", "true");
    setTimeout(() => this.room.setAttribute("aria-busy", "false"), EARLIER_MS);
    this.captions = new Captions(this.room, { caller: "Caller", agent: "Agent" });
    this.waterfalls = new Waterfalls("the caller’s");
    this.tools = new Map(); // the lines of those that are under way
    this.atMs = 0;
  }

  take(event) {
    const { captions } = this;
    switch (event.type) {
      case "call":
        return this.introduce(event);
      case "caller_speaks":
        this.atMs = event.at_ms;
        return this.sayFloor("the caller speaks");
      case "caller_pauses":
        return this.sayFloor("");
      case "hearing":
        return captions.hearing(event, this.atMs);
      case "heard":
        return captions.heard(String(event.text));
      case "saying":
        this.sayFloor("the agent speaks");
        return captions.prepare(String(event.text))();
      case "turn":
        return this.turn(event);
      case "tool_began":
        return this.toolBegan(event);
      case "tool_ended":
        return this.toolEnded(event);
      case "error":
        this.room.append(make("p", "event bad", make("strong", "", "Trouble"), " ", String(event.message)));
        return captions.follow();
      case "session.summary":
        return this.end(sentence(event.end?.reason ?? "the call is over"));
      case "behind":
        return this.say("fair", LOST);
      default: // of a newer server
    }
  }

  introduce({ left_out: leftOut, words }) {
    const earlier = leftOut > 0 ? `${counted(leftOut, "earlier line")} of this call are not shown. ` : "";
    this.about.textContent = `${earlier}${WORDS[words] ?? ""}`;
    this.say("good", "On the line.");
  }

  turn(report) {
    this.sayFloor("");
    const element = this.captions.turn(report);
    const figure = this.waterfalls.draw(report);
    if (figure) element.append(figure);
    this.captions.follow();
  }

  toolBegan({ tool_call: call, name }) {
    const line = make("p", "event", make("strong", "", "Tool"), ` ${name} is under way …`);
    this.tools.set(call, line);
    this.room.append(line);
    this.captions.follow();
  }

  /** In the place of the line that said that it is under way. */
  toolEnded({ tool_call: call, name, end, took_ms: tookMs }) {
    const line = this.tools.get(call) ?? make("p", "event");
    this.tools.delete(call);
    line.classList.toggle("bad", end === "failed");
    const words = TOOL_ENDS[end] ?? String(end);
    line.replaceChildren(make("strong", "", "Tool"), ` ${name} ${words} after ${number(tookMs)} ms.`);
    if (!line.isConnected) this.room.append(line);
    this.captions.follow();
  }

  end(words) {
    this.over = true;
    this.captions.finish();
    this.say("", words);
  }

  say(light, words) {
    this.light.dataset.light = light;
    this.sayFloor("");
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  sayFloor(words) {
    this.floor.textContent = words;
  }
}
