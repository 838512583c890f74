// One call: puts the line, the microphone or the recorded caller, and the player together, and cleans up
// after them. It must not know the page: it reports what happens to the functions of `on`.

import { Floor } from "./floor.js";
import { rmsOf } from "./meters.js";
import { Capture, openMicrophone, RATE } from "./microphone.js";
import { Pieces } from "./pieces.js";
import { Player } from "./player.js";
import { Line } from "./protocol.js";
import { RecordedCaller } from "./recorded_caller.js";

const AUDIBLE_RMS = 0.003;
const AFTER_CLEAR_MS = 150; // a level that was measured before a cut comes after it

export class Call {
  /**
   * `on` has: floor(state), levels(side, rms), started(), hearing(message, sentMs), heard(text),
   * agentStarts(), saying(text) -> function for the moment at which it is spoken, turn(report),
   * oddMessage(text) and ended({summary, error, closed, hungUp, lost}), where `lost` says that the microphone
   * went away.
   */
  constructor(on) {
    this.on = on;
    this.pieces = new Pieces();
    this.floor = new Floor((state) => this.running && on.floor(state));
    this.running = false;
    this.over = false;
    this.muted = false;
    this.clearedAt = -Infinity;
    this.summary = null;
    this.error = null;
    this.hungUp = false;
    this.lost = false;
  }

  /**
   * Opens the audio, then the line. `ticketOf` resolves to a ticket of the server, or to "": it is asked for
   * at the end, because it does not last. Throws what the microphone or the server throws; the call is then
   * over.
   */
  async begin(start, recorded, ticketOf) {
    try {
      // Without https, browsers have neither microphones nor audio worklets.
      if (!window.isSecureContext) throw new DOMException("the page is not secure", "SecurityError");
      this.context = new AudioContext({ latencyHint: "interactive" });
      await this.context.resume();
      this.source = recorded ? new RecordedCaller(this.context) : await openMicrophone(this.context);
      this.player = await Player.open(this.context, RATE, (level) => this.agentLevel(level));
      this.capture = await Capture.open(this.context, (frame) => this.callerFrame(frame));
      this.capture.muted = this.muted;
      this.capture.listenTo(this.source);
      this.ticket = await ticketOf();
    } catch (error) {
      this.release();
      if (this.over) return; // hung up while the browser asked for the microphone: nothing failed
      throw error;
    }
    if (this.over) return this.release();
    this.source.watch(() => this.lose());
    this.line = new Line(RATE, start, this.handlers(), this.ticket);
  }

  handlers() {
    return {
      started: () => {
        this.running = true;
        this.on.started();
        this.floor.decide(performance.now());
      },
      audio: (samples) => this.player?.play(samples),
      mark: ({ name }) => this.player?.after((heard) => this.reached(name, heard)),
      clear: () => {
        this.player?.clear();
        this.floor.cut();
        this.clearedAt = performance.now();
      },
      hearing: (message) => {
        this.floor.words(performance.now());
        this.on.hearing(message, this.line.sentMs);
      },
      heard: ({ text }) => this.on.heard(String(text)),
      saying: ({ text, mark }) => this.pieces.expect(mark, this.on.saying(String(text))),
      turn: (report) => {
        this.pieces.forget();
        this.on.turn(report);
      },
      summary: (summary) => {
        this.summary = summary;
      },
      error: (error) => {
        if (this.running) this.on.oddMessage(error.message);
        else this.error = error;
      },
      closed: (closed) => this.end(closed),
    };
  }

  reached(name, heard) {
    this.line.returnMark(name);
    if (heard) this.pieces.passed(name);
  }

  callerFrame(frame) {
    const rms = rmsOf(frame);
    this.line?.sendAudio(frame);
    this.floor.caller(rms, performance.now());
    this.on.levels("caller", rms);
  }

  agentLevel({ rms }) {
    const now = performance.now();
    if (now - this.clearedAt < AFTER_CLEAR_MS) return;
    this.floor.agent(rms, now);
    this.on.levels("agent", rms);
    if (!this.running || rms < AUDIBLE_RMS) return;
    this.on.agentStarts();
    this.pieces.sounds();
  }

  mute(muted) {
    this.muted = muted;
    if (this.capture) this.capture.muted = muted;
  }

  /** Lets the recorded caller speak; resolves to false if the sentence was cut by another one. */
  say(file) {
    return this.source.say(file);
  }

  pressKey(digit) {
    if (this.running) this.line.pressKey(digit);
  }

  interrupt() {
    if (this.running) this.line.interrupt();
  }

  hangUp() {
    if (this.over) return;
    this.hungUp = true;
    this.running = false;
    if (this.line) this.line.end();
    else this.end({ opened: false, started: false, code: 1000, reason: "" });
    this.release(); // nobody is heard or recorded after they have hung up, even if the summary takes a while
  }

  /** The microphone was unplugged, or its permission taken back. */
  lose() {
    this.lost = !this.over && !this.hungUp;
    this.hangUp();
  }

  end(closed) {
    if (this.over) return;
    this.over = true;
    this.running = false;
    this.release();
    const { summary, error, hungUp, lost } = this;
    this.on.ended({ summary, error, closed, hungUp, lost });
  }

  release() {
    this.source?.stop();
    this.capture?.close();
    this.player?.close();
    if (this.context && this.context.state !== "closed") this.context.close();
    this.source = this.capture = this.player = this.context = null;
  }
}
