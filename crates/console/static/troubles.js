// What went wrong, in plain words, and what to do about it. It must not know the page: every function returns
// `{title, advice}`.

const MICROPHONE = {
  NotAllowedError: {
    title: "The microphone is blocked.",
    advice:
      "Allow it for this page (the sign at the left of the address bar), and call again. " +
      "Or let a recorded caller talk.",
  },
  NotFoundError: {
    title: "There is no microphone.",
    advice: "Connect one and call again, or let a recorded caller talk.",
  },
  NotReadableError: {
    title: "The microphone does not answer.",
    advice: "Another program may be using it: close that one and call again. Or let a recorded caller talk.",
  },
  SecurityError: {
    title: "The browser allows no audio on this page.",
    advice: "It wants https, or an address that begins with http://localhost or http://127.0.0.1.",
  },
};
MICROPHONE.OverconstrainedError = MICROPHONE.NotFoundError;
MICROPHONE.AbortError = MICROPHONE.NotReadableError;

export const MICROPHONE_LOST = {
  title: "The microphone went away.",
  advice: "It was unplugged, or its permission was taken back. Look after it, and call again.",
};

export function audioTrouble(error) {
  const known = error instanceof DOMException ? MICROPHONE[error.name] : undefined;
  return (
    known ?? { title: "The audio could not be started.", advice: `${error.message || error}. Try again.` }
  );
}

/** The unsaved settings cannot be tried; `message` is the server's. */
export function trialTrouble({ status, message }) {
  const login = status === 401 ? " Open the Agent page, and log in there." : "";
  return {
    title: "The unsaved settings cannot be tried.",
    advice: `The server says: ${message}.${login} Or stop trying them, above.`.replace("..", "."),
  };
}

/** A browser hides why a socket was refused. What the server says of itself tells most of it. */
export async function refusalTrouble() {
  let answer;
  try {
    answer = await fetch("/readyz", { cache: "no-store" });
  } catch {
    return gone;
  }
  if (answer.ok) {
    return {
      title: "The server refuses calls at the moment.",
      advice:
        "All its places may be taken, or it wants credentials that this page does not have. Try again soon.",
    };
  }
  if (answer.status !== 503) return gone;
  const reason = (await answer.text()).trim().slice(0, 200);
  return {
    title: "The server takes no calls at the moment.",
    advice: `It says: ${reason || "no reason"}. Try again soon.`,
  };
}

const gone = {
  title: "The server does not answer.",
  advice: "It may have stopped, or the network is gone. Check both, and try again.",
};

/** The server spoke, and would not begin the call. */
export function startTrouble({ code, message }) {
  if (code === "not_allowed") {
    return {
      title: "This server lets no page choose the agent’s words.",
      advice: "Empty the greeting and the instructions under “Choose how the call goes”, and call again.",
    };
  }
  if (code === "refused")
    return { title: "The server refuses this call.", advice: `It says: ${message}. Try again soon.` };
  return { title: "The server does not accept this call.", advice: `It says: ${message}.` };
}

const CLOSED = {
  1001: { title: "The server is shutting down.", advice: "Try again in a minute." },
  1013: { title: "All places are taken.", advice: "Try again soon." },
};

/** A call that ended without its summary. */
export function closedTrouble({ code, reason }) {
  const advice = reason ? `The server says: ${reason}.` : "The network or the server is gone. Try again.";
  return CLOSED[code] ?? { title: "The connection broke.", advice };
}
