// Draws where the time of a turn went: a bar of its stages from the caller's last sound to the agent's first,
// and the whole in large figures. It must not know how the figures are made, or where the bars are put.

import { make, makeSvg, wholeMs } from "./element.js";

export const STAGES = [
  { key: "endpoint_ms", name: "end of turn", means: "until it was certain that the caller had finished" },
  { key: "stt_ms", name: "transcript", means: "until the caller’s words were written down" },
  { key: "llm_first_token_ms", name: "first word", means: "until the language model wrote its first word" },
  { key: "tts_first_audio_ms", name: "voice", means: "until the first words were speech" },
  { key: "first_frame_ms", name: "first sound", means: "until the first sound of it was played" },
];
const HEIGHT = 20;
const SHORTEST_SCALE_MS = 600; // a quick turn looks short, and a slow one long, from the first bar on
const GRID_MS = 200;

/** The legend, once for all bars. */
export function legend() {
  const list = make("dl", "legend");
  STAGES.forEach(({ name, means }, index) => {
    list.append(make("div", "", make("dt", "", swatch(index), name), make("dd", "", means)));
  });
  return make("div", "", list, make("p", "hint", `The lines in a bar are ${GRID_MS} ms apart.`));
}

export class Waterfalls {
  /** `whose` last sound the time begins with: "your" or "the caller’s". */
  constructor(whose) {
    this.whose = whose;
    this.drawn = [];
    this.scale = SHORTEST_SCALE_MS;
  }

  /** The figure of one turn, or null where nothing was measured (the greeting, keys). */
  draw(report) {
    if (report.v2v_ms == null) return null;
    const figure = make(
      "figure",
      "waterfall",
      this.bar(report),
      numbers(report, this.whose),
      ...remarks(report),
    );
    this.widen(report.v2v_ms);
    return figure;
  }

  bar(report) {
    const svg = makeSvg("svg", { class: "bar", preserveAspectRatio: "none", role: "img" });
    svg.setAttribute("aria-label", inWords(report));
    let at = 0;
    STAGES.forEach(({ key, name }, index) => {
      const ms = report.stages[key] ?? 0;
      const box = { x: at, y: 0, width: ms, height: HEIGHT, class: `stage stage-${index}` };
      const rect = makeSvg("rect", box, titled(`${name}: ${wholeMs(ms)}`));
      rect.style.animationDelay = `${at}ms`; // it draws itself in the time that the turn took
      rect.style.animationDuration = `${Math.max(ms, 1)}ms`;
      svg.append(rect);
      at += ms;
    });
    this.drawn.push(svg);
    this.rescale(svg);
    return svg;
  }

  /** All bars share one scale, so that they can be compared. */
  widen(ms) {
    if (ms <= this.scale) return;
    this.scale = Math.ceil(ms / GRID_MS) * GRID_MS;
    this.drawn.forEach((svg) => this.rescale(svg));
  }

  rescale(svg) {
    svg.setAttribute("viewBox", `0 0 ${this.scale} ${HEIGHT}`);
    svg.querySelectorAll(".grid").forEach((line) => line.remove());
    for (let ms = GRID_MS; ms < this.scale; ms += GRID_MS) {
      svg.append(makeSvg("line", { class: "grid", x1: ms, x2: ms, y1: 0, y2: HEIGHT }));
    }
  }
}

function numbers(report, whose) {
  const whole = make("p", "v2v", make("strong", "", Math.round(report.v2v_ms).toLocaleString("en")), " ms ");
  whole.append(make("span", "", `from ${whose} last sound to the agent’s first`));
  const parts = make("ul", "parts");
  STAGES.forEach(({ key, name }, index) => {
    const ms = report.stages[key];
    if (ms != null && ms >= 0.5) parts.append(make("li", "", swatch(index), `${name} ${Math.round(ms)}`));
  });
  return make("figcaption", "", whole, parts);
}

/** What the bar cannot show, as sentences. */
function remarks({ answer_ms: answer, v2v_ms: v2v, hidden, mark_return_ms: network, hiccups }) {
  const lines = [];
  const ahead = ["stt_ms", "llm_ms", "tts_ms"].reduce((sum, key) => sum + (hidden?.[key] ?? 0), 0);
  if (answer != null && answer > v2v + 1)
    lines.push(`A filler came first; the answer after ${wholeMs(answer)}.`);
  if (ahead >= 1) lines.push(`${wholeMs(ahead)} of work was done ahead, in the pause.`);
  if (network != null && network >= 1)
    lines.push(`Network and loudspeaker, there and back: ${wholeMs(network)}.`);
  if (hiccups > 0) lines.push("The agent paused for a sound, and went on.");
  return lines.length > 0 ? [make("p", "remarks", lines.join(" "))] : [];
}

function inWords(report) {
  const parts = STAGES.filter(({ key }) => report.stages[key] != null);
  const stages = parts.map(({ key, name }) => `${name} ${Math.round(report.stages[key])}`).join(", ");
  return `The agent answered after ${Math.round(report.v2v_ms)} milliseconds: ${stages}.`;
}

function swatch(index) {
  return make("span", `swatch stage-${index}`);
}

function titled(text) {
  return makeSvg("title", {}, text);
}
