// The parts of the page "Health" that are sentences, figures and small lines. It must not know when they are
// drawn, or how.

import { make, wholeMs } from "./element.js";
import { latencyBars } from "./latency_bars.js";
import { sparkline } from "./sparkline.js";
import { counted, listOf, number, span } from "./words.js";

/** What the administrator should change. */
export function advice(state) {
  const list = listOf(state.advice);
  if (list.length === 0) {
    const count = state.latency?.v2v_ms?.count ?? 0;
    const words = count < 20 ? " There has been little to judge by: it takes 20 answers." : "";
    return make("p", "quiet", `Nothing needs to be changed.${words}`);
  }
  const item = ({ key, change, because }) =>
    make(
      "li",
      "",
      make("code", "", key),
      make("p", "", capital(change)),
      make("p", "quiet", `Because ${because}.`),
    );
  return make("ul", "plain advice", ...list.map(item));
}

/** Faults that were injected for a test. */
export function faults(state) {
  const list = listOf(state.faults);
  if (list.length === 0) return make("span", "");
  const items = list.map((words) => make("li", "", words));
  return make("section", "card", make("h2", "", "Faults are injected for a test"), make("ul", "", ...items));
}

export function waits(state, when) {
  const bars = latencyBars(state[when], state.admission?.limit_ms ?? 0);
  if (bars) return bars;
  const ever = state.latency?.v2v_ms?.count > 0;
  const words = ever
    ? "Nobody was answered lately."
    : "Nobody was answered yet. Talk to the agent, or let a recorded caller talk.";
  return make("p", "quiet", words);
}

/** How many more calls fit, and why. */
export function room({ admission, max_calls: most, calls, cores, refused }) {
  if (!admission) return null;
  const open = listOf(calls).length;
  const places = most > 0 ? `, of ${counted(most, "place")} (server.max_calls)` : "";
  const place = make(
    "div",
    "",
    make("p", "lead", `Room for ${counted(admission.room ?? 0, "more call", "more calls")}`),
  );
  place.append(make("p", "", `${counted(open, "call")} open${places}.`));
  const why = [];
  if (admission.predicted_p95_ms != null) {
    const limit = admission.limit_ms > 0 ? `; it may be ${wholeMs(admission.limit_ms)}` : "";
    why.push(
      `With one more, 95 of 100 answers are expected within ${wholeMs(admission.predicted_p95_ms)}${limit}.`,
    );
  } else why.push("How quick answers would be with one more is not known yet: too few were measured.");
  if (admission.cores_per_call > 0)
    why.push(`A call keeps ${number(admission.cores_per_call, 2)} of ${counted(cores ?? 0, "core")} busy.`);
  place.append(make("p", "quiet", why.join(" ")));
  const names = {
    no_room: "for want of room",
    not_authorised: "without credentials",
    never_began: "never began",
  };
  const counts = Object.entries(refused ?? {}).filter(([, count]) => count > 0);
  const told = counts.map(([key, count]) => `${number(count)} ${names[key] ?? key.replaceAll("_", " ")}`);
  place.append(make("p", "quiet", told.length > 0 ? `Refused: ${told.join(", ")}.` : "No call was refused."));
  return place;
}

/** The last minutes, as lines. */
export function load({ history, cores }) {
  const has = (name) => listOf(history?.[name]);
  const everyS = history?.every_s ?? 1;
  if (has("cpu").length < 2) return make("p", "quiet", "There is no history yet: it takes some seconds.");
  const busy = (value) => `${number(value, 2)} ${value === 1 ? "core" : "cores"}`;
  const lines = make(
    "div",
    "sparks",
    sparkline("busy cores", has("cpu"), busy, { atLeast: cores || 1, everyS }),
    sparkline("memory", has("memory_mb"), (value) => `${number(value)} MB`, { everyS }),
    sparkline("open calls", has("calls"), (value) => counted(value, "call"), { atLeast: 2, everyS }),
    sparkline("wait (95 of 100)", has("v2v_p95_ms"), wholeMs, { atLeast: 600, everyS }),
  );
  return make("div", "", lines, make("p", "hint", `The last ${span(has("cpu").length * everyS)}.`));
}

export function records({ records: kept, log_level: level, dropped_log_lines: dropped }) {
  const place = make("div", "");
  if (!kept) {
    const words = make(
      "p",
      "",
      "No calls are kept. To keep them, set ",
      make("code", "", "records.file"),
      ".",
    );
    place.append(words);
  } else {
    const lost = (kept.lost ?? 0) + (kept.dropped ?? 0);
    const light = make(
      "p",
      "light",
      lost > 0 ? `${counted(lost, "event")} of calls are lost.` : "Nothing is lost.",
    );
    light.dataset.light = lost > 0 ? "bad" : "good";
    const facts = [
      `${number(kept.written)} events written`,
      `in ${counted(kept.batches ?? 0, "batch", "batches")}`,
      `${number(kept.waiting)} waiting`,
      `${number(kept.dropped)} without room`,
      `${number(kept.lost)} not written`,
      `${number(kept.failed)} failed batches`,
    ];
    place.append(light, make("p", "quiet", facts.join(" · ")));
  }
  const log = make("p", "", "The log shows ", make("code", "", level || "nothing"), " (");
  const lines = dropped > 0 ? `; ${counted(dropped, "line")} had no room.` : "; no line was lost.";
  log.append(make("code", "", "log.level"), `)${lines}`);
  place.append(log);
  return place;
}

export function work({ work: kinds, thrift, cpu_s: cpu, threads, resident_mb: memory }) {
  const place = make("div", "");
  const now = [
    `${number(memory)} MB of memory`,
    `${number(threads)} threads`,
    `${span(cpu ?? 0)} of a core in all`,
  ];
  place.append(make("p", "", now.join(" · ")));
  const rows = Object.entries(kinds ?? {}).sort(([, one], [, other]) => other.held_ms - one.held_ms);
  if (rows.length > 0) {
    const cells = (tag, words) => words.map((one) => make(tag, "", one));
    const names = ["work", "jobs", "dropped", "waited", "longest", "cores held"];
    const body = rows.map(([name, one]) => {
      const title = make("th", "", name.replaceAll("_", " "));
      title.setAttribute("scope", "row");
      const times = [one.waited_ms, one.longest_wait_ms, one.held_ms].map((ms) => wholeMs(ms ?? 0));
      return make("tr", "", title, ...cells("td", [number(one.jobs), number(one.dropped), ...times]));
    });
    const head = make("thead", "", make("tr", "", ...cells("th", names)));
    const box = make("div", "wide", make("table", "work", head, make("tbody", "", ...body)));
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Use of cores by kind of work");
    place.append(box);
  }
  if (thrift?.prompt_tokens > 0) {
    const read = `${number(thrift.reused_tokens)} of ${number(thrift.prompt_tokens)} tokens were known`;
    const { phrase_hits: known, phrase_misses: anew } = thrift;
    const spoken = `${number(known)} phrases came from memory, ${number(anew)} were spoken anew`;
    place.append(make("p", "hint", `Not done twice: ${read}; ${spoken}.`));
  }
  return place;
}

function capital(words) {
  const text = String(words ?? "");
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
