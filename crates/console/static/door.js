// The way into the pages for administrators: leads to the login where there is one, asks for the token where
// the server wants one, says what went wrong, and signs out again. It must not know what the pages show behind
// it.

import { ApiError, forgetToken, keepToken, token } from "./api.js";
import { byId, make } from "./element.js";
import { loginAddress, signOut, whoAmI } from "./session.js";

let again = null; // what to do once there is a token
let tried = false; // whether the token is a new one

/** Runs `work`; where it fails, the page says why. Resolves to whether it went well. */
export async function guarded(work, retry = () => guarded(work)) {
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return false;
    if (!(error instanceof ApiError)) throw error;
    again = retry;
    if (error.status === 401) await enter(error.message);
    else sayTrouble(error);
    return false;
  }
  tried = false;
  byId("door").hidden = true;
  byId("inside").hidden = false;
  const { signed_in: signedIn } = await whoAmI();
  byId("forget").hidden = !signedIn && token() === "";
  byId("forget").textContent = signedIn ? "Sign out" : "Forget the token";
  sayTrouble(null);
  return true;
}

/** What the server says, above what the page shows; null says nothing. */
export function sayTrouble(error) {
  const words = error ? error.message : "";
  const place = byId("trouble");
  place.hidden = !words;
  if (place.textContent !== words) place.textContent = words;
}

/** To the login, if there is one; a person at this machine may have chosen the token instead. */
async function enter(message) {
  const { no_login_because: noLogin } = await whoAmI(true);
  const byToken = tried || new URLSearchParams(window.location.search).get("by") === "token";
  if (noLogin || byToken) return ask(message);
  forgetToken();
  window.location.replace(loginAddress());
}

function ask(message) {
  const wrong = tried;
  tried = false;
  forgetToken();
  sayTrouble(null);
  byId("inside").hidden = true;
  byId("forget").hidden = true;
  byId("door-wrong").textContent = wrong ? "That token is wrong." : "";
  byId("door-says").textContent = message ? `The server says: ${message}` : "";
  const opens = byId("door").hidden;
  byId("door").hidden = false;
  if (opens || wrong) byId("door-token").focus();
}

function build() {
  const field = make("input", "field");
  Object.assign(field, { id: "door-token", type: "password", required: true, autocomplete: "off" });
  field.setAttribute("aria-describedby", "door-wrong door-says");
  const label = make("label", "", "The administrator’s token");
  label.htmlFor = field.id;
  const wrong = make("p", "wrong");
  wrong.id = "door-wrong";
  wrong.setAttribute("role", "alert");
  const says = make("p", "quiet");
  says.id = "door-says";
  const hint = make("p", "hint", "It is what ", make("code", "", "admin.token"));
  hint.append(
    " in the server’s configuration names. This tab keeps it until it is closed, and nothing else.",
  );
  hint.append(" A server without one tells nobody: set it, or try the server with ");
  hint.append(make("code", "", "offhook serve --open"), ".");
  const enter = make("button", "primary", "Enter");
  const form = make("form", "card", make("h2", "", "For administrators"), says, label);
  form.append(make("div", "row", field, enter), wrong, hint);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = field.value.trim();
    field.value = "";
    // A header carries nothing else; such a token would fail in the browser, before the server.
    if (!/^[\x21-\x7e]+$/.test(value)) {
      wrong.textContent = "A token has letters, digits and signs only, without spaces.";
      return field.focus();
    }
    keepToken(value);
    tried = true;
    again?.();
  });
  byId("door").append(form);
  byId("forget").addEventListener("click", async () => {
    forgetToken();
    if ((await whoAmI()).signed_in) await signOut();
    else window.location.reload();
  });
}

build();
