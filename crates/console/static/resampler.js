// Converts a stream of samples from one rate to another, block after block, with a windowed sinc. Runs inside
// the audio worklets. It must not know where the samples come from, or that there are calls.

const LOBES = 12; // zero crossings on each side; the sound is delayed by as many samples of the lower rate
const PHASES = 256; // positions between two samples for which the kernel is computed ahead

/** A low-pass kernel for every phase: `taps` weights each, which add up to 1. */
function kernels(cutoff, half) {
  const taps = 2 * half;
  const table = [];
  for (let phase = 0; phase <= PHASES; phase++) {
    const weights = new Float32Array(taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - half + 1 - phase / PHASES;
      const x = Math.PI * distance * cutoff;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / half);
      weights[tap] = Math.abs(distance) >= half ? 0 : (x === 0 ? 1 : Math.sin(x) / x) * window;
      sum += weights[tap];
    }
    for (let tap = 0; tap < taps; tap++) weights[tap] /= sum;
    table.push(weights);
  }
  return table;
}

export class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const cutoff = Math.min(1, to / from);
    this.half = Math.ceil(LOBES / cutoff);
    this.table = kernels(cutoff, this.half);
    this.reset();
  }

  /** Forgets the past: the next block begins after silence. */
  reset() {
    this.kept = new Float32Array(2 * this.half); // the end of the last block: the next outputs need it
    this.position = 0; // of the next output, in samples of `kept` and the block behind it
  }

  /** The samples at the new rate that `block` completes. */
  convert(block) {
    const input = new Float32Array(this.kept.length + block.length);
    input.set(this.kept);
    input.set(block, this.kept.length);
    const taps = 2 * this.half;
    const count = Math.max(0, Math.ceil((input.length - taps - this.position) / this.step));
    const output = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      output[index] = this.at(input, this.position);
      this.position += this.step;
    }
    const used = Math.min(Math.floor(this.position), input.length);
    this.kept = input.slice(used);
    this.position -= used;
    return output;
  }

  at(input, position) {
    const start = Math.floor(position);
    const weights = this.table[Math.round((position - start) * PHASES)];
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++) sum += input[start + tap] * weights[tap];
    return sum;
  }
}
