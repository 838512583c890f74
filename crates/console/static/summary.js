// The call in figures, once it is over: why it ended, how long it took, how long the caller waited. It must
// not know the socket; without the server's summary, it counts the turns that it was shown.

import { make, wholeMs } from "./element.js";

const ENDS = {
  requested: "You hung up.",
  hung_up: "You hung up.",
  operator: "Somebody who runs the server hung up.",
  transferred: "The call was transferred to somebody else.",
  said_goodbye: "The agent said goodbye and hung up.",
  idle: "Nobody spoke any more, so the agent hung up.",
  cannot_answer: "The agent could not answer, apologised and hung up.",
  server_stopped: "The server was stopped.",
  connection_lost: "The connection was lost.",
};

export function whyEnded(summary) {
  return ENDS[summary?.end?.code] ?? sentence(summary?.end?.reason ?? "the connection broke");
}

/** `reports` are the turns of the call, for calls without a summary. */
export function figuresOf(summary, reports) {
  const waits = reports.map(({ v2v_ms: ms }) => ms).filter((ms) => ms != null);
  const spread = summary?.latency?.v2v_ms ?? {
    p50: median(waits),
    max: waits.length > 0 ? Math.max(...waits) : null,
  };
  return {
    duration: summary?.duration_ms ?? null,
    turns: summary?.turns ?? reports.filter(({ heard }) => heard).length,
    median: spread.p50 ?? null,
    longest: spread.max ?? null,
    interruptions: summary?.interruptions ?? reports.filter(({ interrupted }) => interrupted).length,
    errors: summary?.errors ?? [],
  };
}

export function drawSummary(place, summary, reports) {
  const figures = figuresOf(summary, reports);
  const list = make("dl", "figures");
  const add = (name, value) => list.append(make("div", "", make("dt", "", name), make("dd", "", value)));
  add("turns", String(figures.turns));
  add("median wait", figures.median == null ? "–" : wholeMs(figures.median));
  add("longest wait", figures.longest == null ? "–" : wholeMs(figures.longest));
  add("interruptions", String(figures.interruptions));
  if (figures.duration != null) add("length", minutes(figures.duration));
  place.replaceChildren(list, ...troubles(figures.errors));
}

function troubles(errors) {
  if (errors.length === 0) return [];
  const count = errors.length === 1 ? "One thing" : `${errors.length} things`;
  const list = make("ul", "", ...errors.slice(0, 5).map(({ message }) => make("li", "", sentence(message))));
  return [make("p", "", `${count} went wrong on the way:`), list];
}

function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function minutes(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** With a capital at its beginning and a stop at its end. */
export function sentence(text) {
  const trimmed = String(text).trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}
