// Plays the agent's audio without gaps from a ring buffer, and tells when the audio before a mark has been
// heard. It must not know the protocol: marks are numbers here.

import { Resampler } from "./resampler.js";

const RING_SECONDS = 30; // far more than the server’s lead; what does not fit is dropped: memory is bounded
const FADE = 64; // samples over which a cut fades out: a hard edge would click
const LEVEL_EVERY = 0.04; // seconds between two reports of the level

class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.resampler = new Resampler(rate, sampleRate);
    this.ring = new Float32Array(RING_SECONDS * sampleRate);
    this.written = 0; // samples since the beginning; the place in the ring is the remainder
    this.played = 0;
    this.lastPlayedAt = 0; // when the last sample left, by the context's clock
    this.latency = 0; // seconds from here to the ear
    this.marks = []; // {id, position, due}, in order
    this.level = { square: 0, samples: 0, since: 0 };
    this.fade = new Float32Array(0);
    this.running = true;
    this.port.onmessage = ({ data }) => this[data.kind](data);
  }

  audio({ samples }) {
    const floats = Float32Array.from(samples, (sample) => sample / 32768);
    for (const sample of this.resampler.convert(floats)) {
      if (this.written - this.played >= this.ring.length) return;
      this.ring[this.written++ % this.ring.length] = sample;
    }
  }

  mark({ id, latency }) {
    this.latency = latency;
    this.marks.push({ id, position: this.written });
    this.returnMarks();
  }

  /** Everything that was not played is gone, and every mark is over. */
  clear() {
    this.fade = this.upcoming(Math.min(FADE, this.written - this.played));
    this.played = this.written;
    this.resampler.reset();
    this.marks.splice(0).forEach(({ id }) => this.port.postMessage({ mark: id, heard: false }));
  }

  stop() {
    this.running = false;
  }

  upcoming(count) {
    return Float32Array.from({ length: count }, (_, index) => {
      return this.ring[(this.played + index) % this.ring.length] * (1 - index / count);
    });
  }

  process(_inputs, [output]) {
    const block = output[0];
    const count = Math.min(block.length, this.written - this.played);
    for (let index = 0; index < count; index++) {
      block[index] = this.ring[(this.played + index) % this.ring.length];
    }
    this.played += count;
    if (count > 0) this.lastPlayedAt = currentTime + count / sampleRate;
    for (let index = 0; index < Math.min(this.fade.length, block.length - count); index++) {
      block[count + index] = this.fade[index];
    }
    this.fade = new Float32Array(0);
    for (let channel = 1; channel < output.length; channel++) output[channel].set(block);
    this.returnMarks();
    this.measure(block);
    return this.running;
  }

  /** A mark is due when the last sample before it has reached the ear, not when it has left the buffer. */
  returnMarks() {
    while (this.marks.length > 0) {
      const mark = this.marks[0];
      if (mark.position > this.played) return;
      mark.due ??= this.lastPlayedAt + this.latency;
      if (currentTime < mark.due) return;
      this.marks.shift();
      this.port.postMessage({ mark: mark.id, heard: true });
    }
  }

  measure(block) {
    const level = this.level;
    for (const sample of block) level.square += sample * sample;
    level.samples += block.length;
    if (currentTime - level.since < LEVEL_EVERY) return;
    const rms = Math.sqrt(level.square / level.samples);
    this.port.postMessage({ rms, waiting: (this.written - this.played) / sampleRate });
    this.level = { square: 0, samples: 0, since: currentTime };
  }
}

registerProcessor("player", Player);
