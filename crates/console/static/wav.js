// Reads a WAV of 16 bits, and makes outlines of its channels. It must not know who speaks in them, or how
// they are drawn.

/** `{rate, channels, frames, view, start}` of an ArrayBuffer; throws where it is no such WAV. */
export function readWav(buffer) {
  const view = new DataView(buffer);
  const name = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 44 || name(0) !== "RIFF" || name(8) !== "WAVE") throw new Error("no WAV");
  let form = null;
  for (let at = 12; at + 8 <= buffer.byteLength;) {
    const size = view.getUint32(at + 4, true);
    if (name(at) === "fmt ") {
      const bits = view.getUint16(at + 22, true);
      const coding = view.getUint16(at + 8, true);
      if (bits !== 16 || (coding !== 1 && coding !== 0xfffe)) throw new Error("not 16 bits");
      form = { channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true) };
    }
    if (name(at) === "data" && form && form.channels > 0 && form.rate > 0) {
      // The head of a recording whose server was killed tells less or more than there is.
      const there = buffer.byteLength - at - 8;
      const bytes = size === 0 ? there : Math.min(size, there);
      return { ...form, frames: Math.floor(bytes / (2 * form.channels)), view, start: at + 8 };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("no sound in the WAV");
}

/** The loudest sample in each of `columns` equal pieces, from 0 to 1. */
export function peaks({ channels, frames, view, start }, channel, columns) {
  const found = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * frames) / columns);
    const to = Math.floor(((column + 1) * frames) / columns);
    let most = 0;
    for (let frame = from; frame < to; frame++) {
      const sample = Math.abs(view.getInt16(start + 2 * (frame * channels + channel), true));
      if (sample > most) most = sample;
    }
    found[column] = most / 32768;
  }
  return found;
}
