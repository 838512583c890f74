// Looks again and again, while the page is looked at: never twice at once, and not while a token is asked
// for. It must not know what is looked at.

import { byId } from "./element.js";
import { guarded } from "./door.js";

/** Runs `look` every `everyMs`. Returns a function that looks at once. */
export function repeat(look, everyMs) {
  let busy = false;
  const now = async () => {
    if (busy) return;
    busy = true;
    try {
      await guarded(look, now);
    } finally {
      busy = false;
    }
  };
  setInterval(() => {
    if (!document.hidden && byId("door").hidden) now();
  }, everyMs);
  document.addEventListener("visibilitychange", () => !document.hidden && byId("door").hidden && now());
  now();
  return now;
}
