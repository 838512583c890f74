// Builds the WAV that a fake microphone plays: shipped callers with silence between them. It must not know
// browsers.

import { writeFileSync } from "node:fs";

/** The samples of a mono WAV of 16 bits, and its rate. */
export function readWav(bytes) {
  let at = 12;
  let rate = 0;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (name === "fmt ") rate = bytes.readUInt32LE(at + 12);
    if (name === "data") return { rate, samples: bytes.subarray(at + 8, at + 8 + size) };
    at += 8 + size + (size % 2);
  }
  throw new Error("a WAV without a data chunk");
}

/** `parts` are WAVs as Buffers, or seconds of silence as numbers. */
export function writeWav(file, rate, parts) {
  const data = Buffer.concat(
    parts.map((part) =>
      typeof part === "number" ? Buffer.alloc(2 * Math.round(part * rate)) : readWav(part).samples,
    ),
  );
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(data.length, 40);
  writeFileSync(file, Buffer.concat([head, data]));
}
