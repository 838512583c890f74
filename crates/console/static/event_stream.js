// Reads what a server sends event by event (`text/event-stream`), with the headers that the browser's own
// reader cannot send. It must not know what the events mean.

import { getStream } from "./api.js";

const LONGEST = 1_000_000; // letters without an end of an event; a server of ours sends a few thousand

/** Calls `take` with every event's JSON until the server ends the stream, or `signal` does. */
export async function readEvents(path, take, signal) {
  const reader = (await getStream(path, { signal })).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    if (rest.length > LONGEST) return reader.cancel();
    events.map(dataOf).forEach((event) => event && take(event));
  }
}

/** What an event says; null for the server's signs of life, and for what nobody can read. */
function dataOf(event) {
  if (!event.startsWith("data: ")) return null;
  try {
    return JSON.parse(event.slice("data: ".length));
  } catch {
    return null;
  }
}
