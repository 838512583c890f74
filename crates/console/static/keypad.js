// The keys of a telephone: they open on demand, and then the keyboard's digits press them, too. It must not
// know what a key does: it hands each to one function.

import { byId } from "./element.js";

const ROWS = ["123", "456", "789", "*0#"];
const NAMES = { "*": "* star", "#": "# hash" };

export class Keypad {
  /** `onOpen` is told that the page has less room, or more. */
  constructor({ onKey, onOpen }) {
    this.panel = byId("keypad");
    this.toggle = byId("keypad-toggle");
    this.shown = byId("keypad-pressed");
    this.onKey = onKey;
    this.onOpen = onOpen;
    for (const key of ROWS.join("")) byId("keys").append(this.button(key));
    this.toggle.addEventListener("click", () => this.open(this.panel.hidden));
  }

  button(key) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = key;
    if (NAMES[key]) button.setAttribute("aria-label", NAMES[key]);
    button.addEventListener("click", () => this.press(key));
    return button;
  }

  open(open) {
    this.panel.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    if (!open) this.shown.textContent = "";
    this.onOpen();
  }

  /** Whether the key of the keyboard was one of the keypad's. */
  typed(key) {
    if (this.panel.hidden || key.length !== 1 || !ROWS.join("").includes(key)) return false;
    this.press(key);
    return true;
  }

  press(key) {
    this.shown.textContent = (this.shown.textContent + key).slice(-16);
    this.onKey(key);
  }
}
