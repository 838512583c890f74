// Plays the recording of a call under its timeline: both channels as outlines, a place to click and arrow
// keys to seek, play, pause and speed. It must not know how the recording is fetched, or what was said.

import { make } from "./element.js";
import { refine, timeline, timelineLegend } from "./timeline.js";
import { peaks, readWav } from "./wav.js";
import { waveform } from "./waveform.js";
import { clock, spokenClock } from "./words.js";

const COLUMNS = 900;
const FINE_MS = 50;
const STEP_S = 5;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

export class Recording {
  /** `onMoment(ms)` is told where the playing is. */
  constructor(whole, moments, blob, buffer, onMoment) {
    this.moments = moments;
    this.onMoment = onMoment;
    this.url = URL.createObjectURL(blob);
    this.audio = new Audio(this.url);
    const { lengthS, waves } = this.draw(buffer, whole);
    this.lengthS = lengthS;
    this.build(whole, waves);
    this.audio.addEventListener("play", () => this.showPlaying());
    this.audio.addEventListener("pause", () => this.showPlaying());
    for (const name of ["timeupdate", "seeked", "ended"])
      this.audio.addEventListener(name, () => this.showTime());
    this.audio.addEventListener("error", () => {
      this.told.textContent = "The browser cannot play this recording.";
    });
    this.showPlaying();
    this.showTime();
  }

  /** The outlines; without them (an odd file) the recording still plays. */
  draw(buffer, { call }) {
    try {
      const wav = readWav(buffer);
      const sides = ["caller", "agent"].slice(0, Math.min(2, wav.channels));
      const pieces = Math.max(1, Math.round((wav.frames / wav.rate) * (1000 / FINE_MS)));
      refine(this.moments, peaks(wav, 0, pieces), FINE_MS);
      const all = sides.map((_, channel) => peaks(wav, channel, COLUMNS));
      const loudest = Math.max(...all.map((one) => one.reduce((most, peak) => Math.max(most, peak), 0)));
      const waves = all.map((one, at) => waveform(one, loudest, sides[at]));
      return { lengthS: Math.max(0.001, wav.frames / wav.rate), waves };
    } catch {
      return { lengthS: Math.max(0.001, (call.duration_ms ?? 0) / 1000), waves: [] };
    }
  }

  build(whole, waves) {
    this.playhead = make("i", "playhead");
    this.seek = make("div", "seek", timeline(whole, this.moments, this.lengthS * 1000), ...waves);
    this.seek.append(this.playhead);
    this.seek.tabIndex = 0;
    const facts = {
      role: "slider",
      "aria-label": "Place in the recording",
      "aria-valuemin": "0",
      "aria-valuemax": String(Math.round(this.lengthS)),
      "aria-orientation": "horizontal",
      "aria-keyshortcuts": "Space ArrowLeft ArrowRight PageUp PageDown Home End",
    };
    for (const [name, value] of Object.entries(facts)) this.seek.setAttribute(name, value);
    this.seek.addEventListener("pointerdown", (event) => this.pointed(event));
    this.seek.addEventListener("pointermove", (event) => event.buttons === 1 && this.pointed(event));
    this.seek.addEventListener("keydown", (event) => this.key(event));
    this.button = make("button", "primary play");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.toggle());
    this.time = make("output", "time");
    this.told = make("p", "quiet");
    this.told.setAttribute("role", "status");
    this.element = make("div", "player", this.seek, make("div", "row tools", this.button, this.speed()));
    this.element.querySelector(".tools").append(this.time);
    const hint = "Arrow keys seek by 5 s, page up and down by turns, the space bar plays and pauses.";
    this.element.append(timelineLegend(), make("p", "hint", hint), this.told);
  }

  speed() {
    const choice = make("select", "");
    SPEEDS.forEach((speed) =>
      choice.append(new Option(`${speed} ×`, String(speed), speed === 1, speed === 1)),
    );
    choice.addEventListener("change", () => {
      this.audio.playbackRate = Number(choice.value);
      this.audio.defaultPlaybackRate = this.audio.playbackRate;
    });
    return make("label", "speed", make("span", "", "Speed "), choice);
  }

  pointed(event) {
    event.preventDefault(); // no selection of text
    this.seek.focus({ preventScroll: true });
    if (event.type === "pointerdown") this.seek.setPointerCapture(event.pointerId);
    const box = this.seek.getBoundingClientRect();
    this.goTo(((event.clientX - box.left) / box.width) * this.lengthS);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = this.audio.currentTime;
    const starts = this.moments.map(({ from }) => from / 1000);
    const moves = {
      ArrowLeft: () => this.goTo(now - STEP_S),
      ArrowDown: () => this.goTo(now - STEP_S),
      ArrowRight: () => this.goTo(now + STEP_S),
      ArrowUp: () => this.goTo(now + STEP_S),
      PageUp: () => this.goTo(starts.findLast((start) => start < now - 1) ?? 0),
      PageDown: () => this.goTo(starts.find((start) => start > now + 0.05) ?? this.lengthS),
      Home: () => this.goTo(0),
      End: () => this.goTo(this.lengthS),
      " ": () => this.toggle(),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  goTo(seconds) {
    this.audio.currentTime = Math.min(this.lengthS, Math.max(0, seconds));
    this.showTime();
  }

  toggle() {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  playFrom(ms) {
    this.goTo(ms / 1000);
    this.play();
  }

  play() {
    if (this.audio.ended) this.goTo(0);
    this.audio.play().catch((error) => {
      if (error.name !== "AbortError") this.told.textContent = `It does not play: ${error.message}`;
    });
  }

  showPlaying() {
    this.button.textContent = this.audio.paused ? "Play" : "Pause";
    cancelAnimationFrame(this.frame);
    const follow = () => {
      this.showTime();
      if (!this.audio.paused) this.frame = requestAnimationFrame(follow);
    };
    if (!this.audio.paused) follow();
  }

  showTime() {
    const ms = this.audio.currentTime * 1000;
    const whole = clock(this.lengthS * 1000);
    this.playhead.style.left = `${Math.min(100, ms / 10 / this.lengthS).toFixed(3)}%`;
    const words = `${clock(ms)} / ${whole}`;
    if (this.time.textContent !== words) {
      this.time.textContent = words;
      this.seek.setAttribute("aria-valuenow", String(Math.round(ms / 1000)));
      this.seek.setAttribute("aria-valuetext", `${spokenClock(ms)} of ${spokenClock(this.lengthS * 1000)}`);
    }
    this.onMoment(ms);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.audio.pause();
    this.audio.removeAttribute("src");
    URL.revokeObjectURL(this.url);
  }
}
