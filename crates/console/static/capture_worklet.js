// Turns whatever is connected to it into frames of 20 ms for the server: mono, 16 bits, at the rate of the
// call. It must not know whether a microphone or a recording speaks, nor what becomes of the frames.

import { Resampler } from "./resampler.js";

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate, frame } }) {
    super();
    this.resampler = new Resampler(sampleRate, rate);
    this.frame = new Int16Array(frame);
    this.filled = 0;
    this.silence = new Float32Array(128);
    this.running = true;
    this.port.onmessage = () => {
      this.running = false;
    };
  }

  process([channels]) {
    // Nothing is connected, or the recording is over: the line carries silence, since a call never pauses.
    for (const sample of this.resampler.convert(this.mono(channels))) this.push(sample);
    return this.running;
  }

  mono(channels) {
    if (!channels || channels.length === 0) return this.silence;
    if (channels.length === 1) return channels[0];
    return channels[0].map(
      (_, index) => channels.reduce((sum, one) => sum + one[index], 0) / channels.length,
    );
  }

  push(sample) {
    this.frame[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32767)));
    if (this.filled < this.frame.length) return;
    const full = this.frame;
    this.frame = new Int16Array(full.length);
    this.filled = 0;
    this.port.postMessage(full, [full.buffer]);
  }
}

registerProcessor("capture", Capture);
