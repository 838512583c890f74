// Level meters: how loud a side is, as a bar that rises at once and falls slowly. It must not know where the
// sound comes from.

const FLOOR_DB = -60;
const FALL_PER_S = 2.5; // of the whole bar

export const rmsOf = (samples) => {
  let square = 0;
  for (const sample of samples) square += sample * sample;
  return Math.sqrt(square / Math.max(1, samples.length)) / 32768;
};

/** From silence, 0, to full scale, 1, in decibels: ears and meters are logarithmic. */
export const heightOf = (rms) => {
  return rms <= 0 ? 0 : Math.min(1, Math.max(0, 1 - (20 * Math.log10(rms)) / FLOOR_DB));
};

export class Meter {
  constructor(element) {
    this.element = element;
    this.height = 0;
    this.at = 0;
  }

  show(rms, now = performance.now()) {
    const fallen = this.height - (FALL_PER_S * (now - this.at)) / 1000;
    this.height = Math.max(heightOf(rms), fallen, 0);
    this.at = now;
    this.element.style.transform = `scaleX(${this.height.toFixed(3)})`;
  }

  rest() {
    this.height = 0;
    this.element.style.transform = "scaleX(0)";
  }
}
