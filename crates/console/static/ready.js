// Whether the server takes calls, and why not, as one sentence with a light. It must not know which page
// shows it.

/** `place` is an element of the class "light". */
export function showReady(place, state) {
  const { light, words } = readiness(state);
  place.dataset.light = light;
  if (place.textContent !== words) place.textContent = words;
}

export function readiness({ ready, not_ready: why, draining, calls, max_calls: most, admission }) {
  if (draining) return { light: "bad", words: "It is shutting down, and takes no more calls." };
  if (!ready) return { light: "bad", words: `It takes no calls${why ? `, because ${why}` : ""}.` };
  const full = most > 0 && (calls?.length ?? 0) >= most;
  if (full) return { light: "fair", words: "All places are taken; the next caller is refused." };
  if (admission?.room === 0) return { light: "fair", words: "There is no room for one more call." };
  return { light: "good", words: "It takes calls." };
}
