// One field for each setting: made from what the server says of it, read and written as the value of its kind.
// It must not know where settings come from or go to.

import { make } from "./element.js";

const NAMES = {
  "agent.system_prompt": "Who it is, and what it knows",
  "agent.greeting": "What it says first",
  "agent.disclosure": "What it says before that, to its end",
  "agent.fallback": "What it says when it cannot answer",
  "agent.max_reply_words": "The most words in a reply",
  "tts.voice": "Voice",
  "tts.speed": "Speed of the voice",
  "tts.pronounce": "How words are said",
  "endpoint.complete_ms": "Silence after a complete sentence",
  "endpoint.open_ms": "Silence after words that may be complete",
  "endpoint.unfinished_ms": "Silence after words that call for more",
  "endpoint.longest_ms": "The longest silence",
  "endpoint.number_lengths": "Lengths of numbers that are dictated",
  "endpoint.model_weight": "Weight of the language model’s opinion",
  "endpoint.model_threshold": "Probability at which it is undecided",
  "barge_in.min_speech_ms": "Speech that makes the agent pause",
  "barge_in.min_words": "Words that interrupt",
  "barge_in.at_once": "Phrases that always interrupt",
  "barge_in.backchannels": "Phrases that do not interrupt",
  "barge_in.confirm_ms": "Pause for a sound without words",
  "barge_in.protect_greeting": "The greeting is spoken to its end",
  "barge_in.echo_loss_db": "How much quieter its own voice comes back",
  "vad.start_ms": "Sound that starts speech",
  "vad.stop_ms": "Silence that makes a pause",
  "manners.idle_after_ms": "Silence before it asks",
  "manners.idle_prompts": "What it asks a silent caller",
  "manners.idle_goodbye": "Goodbye to a silent caller",
  "manners.not_understood": "When it understood nothing",
  "manners.hold": "When it fails again and again",
  "manners.give_up_after": "Failed turns before it gives up",
  "manners.give_up_goodbye": "Goodbye when it gives up",
  "manners.filler_after_ms": "Wait before a filler",
  "manners.fillers": "Fillers",
  "manners.goodbyes": "Phrases that end a call",
  "manners.max_call_ms": "The longest call",
  "manners.warn_before_ms": "Warning before its end",
  "manners.length_warning": "The warning",
  "manners.length_goodbye": "Goodbye at the end",
  "speculation.max_tries": "Drafts of an answer in one turn",
  "speculation.read_ahead": "Words that are read ahead",
  "keys.gap_ms": "Wait after a key",
  "keys.end": "The key that ends a number",
};

/** What a person calls it. */
export const nameOf = (key) => NAMES[key] ?? key;

const LINES = { long_text: 12, texts: 4, words: 3 };
const HOW = {
  texts: "One on each line.",
  wholes: "With commas between them.",
  words: "A line for each: word = how it is said.",
};
const NUMBER = /^-?\d+([.,]\d+)?$/;

const number = (text) => (NUMBER.test(text.trim()) ? Number(text.trim().replace(",", ".")) : text);
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** The value as the text of a field. */
export function textOf(kind, value) {
  if (kind === "texts") return (value ?? []).join("\n");
  if (kind === "wholes") return (value ?? []).join(", ");
  if (kind !== "words") return String(value ?? "");
  const line = ([word, said]) => `${word} = ${said}`;
  return Object.entries(value ?? {}).map(line).join("\n");
}

/** The text of a field as a value; what makes no sense stays a text, and the server says what is allowed. */
export function valueOf(kind, text) {
  if (kind === "whole" || kind === "number") return number(text);
  if (kind === "texts") return lines(text);
  if (kind === "wholes") return text.split(",").filter((one) => one.trim()).map(number);
  if (kind !== "words") return text;
  const pairs = lines(text).map((line) => line.split("="));
  if (pairs.some((pair) => pair.length !== 2)) return text;
  return Object.fromEntries(pairs.map(([word, said]) => [word.trim(), said.trim()]));
}

export class Field {
  /** `onChange` is called whenever the person changes something. */
  constructor(setting, onChange) {
    this.setting = setting;
    const { key, kind } = setting;
    const id = key.replace(".", "-");
    this.input = make(LINES[kind] ? "textarea" : "input", kind === "switch" ? "" : "field");
    this.input.id = id;
    if (kind === "switch") this.input.type = "checkbox";
    else if (LINES[kind]) this.input.rows = LINES[kind];
    else this.input.autocomplete = "off";
    if (kind === "whole" || kind === "number") {
      this.input.inputMode = "decimal";
      this.input.classList.add("short");
    }
    this.input.setAttribute("aria-describedby", `${id}-wrong ${id}-allowed`);
    this.input.addEventListener("input", onChange);
    const label = make("label", kind === "switch" ? "check" : "");
    label.htmlFor = id;
    if (kind === "switch") label.append(this.input);
    label.append(nameOf(key), make("code", "", key));
    this.wrong = make("p", "wrong");
    this.wrong.id = `${id}-wrong`;
    const unit = key.endsWith("_ms") ? ", in milliseconds" : "";
    const later = setting.takes_effect === "new calls" ? "" : ` Takes effect after ${setting.takes_effect}.`;
    const allowed = make("p", "quiet", `${HOW[kind] ?? `Allowed: ${setting.allowed}${unit}.`}${later}`);
    allowed.id = `${id}-allowed`;
    const help = make("details", "", make("summary", "", "What it does"), make("p", "", setting.help));
    this.element = make("div", "setting", label);
    if (kind !== "switch") this.element.append(this.input);
    this.element.append(this.wrong, allowed, help);
    this.show(setting.value);
    this.saved = JSON.stringify(this.value); // as the field has it: a browser changes line ends
  }

  get value() {
    const { kind } = this.setting;
    return kind === "switch" ? this.input.checked : valueOf(kind, this.input.value);
  }

  get isChanged() {
    return JSON.stringify(this.value) !== this.saved;
  }

  show(value) {
    if (this.setting.kind === "switch") this.input.checked = value === true;
    else this.input.value = textOf(this.setting.kind, value);
  }

  /** "" says that nothing is wrong. */
  complain(words) {
    this.wrong.textContent = words;
    if (words) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}
