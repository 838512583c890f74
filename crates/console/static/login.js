// The page "Log in": sends the password, and goes back to where one came from. It must not know the other
// pages, and imports nothing that strangers do not get.

import { byId } from "./element.js";

/** Only a page of the console: an address of somebody else's must not lead elsewhere. */
function target() {
  const to = new URLSearchParams(window.location.search).get("to") ?? "/";
  const own = /^\/(console\/[a-z_]+\.html)?$/.test(to) && to !== "/console/login.html";
  return own ? to : "/";
}

const goBack = () => window.location.replace(`${target()}${window.location.hash}`);

function say(words) {
  byId("wrong").textContent = ""; // so that the same words are read out again
  byId("wrong").textContent = words;
}

async function reasonOf(answer) {
  try {
    return String((await answer.json()).error.message);
  } catch {
    return `The server answers ${answer.status}.`;
  }
}

async function logIn() {
  const field = byId("password");
  const password = field.value;
  byId("enter").disabled = true;
  try {
    const answer = await fetch("/console/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ password }),
      cache: "no-store",
    });
    if (answer.ok) {
      field.value = "";
      return goBack();
    }
    say(await reasonOf(answer));
    field.select();
  } catch {
    say("The server does not answer. It may have stopped, or the network is gone.");
  } finally {
    byId("enter").disabled = false;
  }
  field.focus();
}

async function begin() {
  let who;
  try {
    const answer = await fetch("/console/session", { cache: "no-store" });
    if (!answer.ok) throw new Error(await reasonOf(answer));
    who = await answer.json();
  } catch (error) {
    who = { no_login_because: error.message };
  }
  if (who.signed_in) return goBack();
  // The server is safe to log in to, but this page came another way.
  if (window.location.protocol !== "https:" && !who.here) {
    who.no_login_because ??= "This page came without TLS: open its address with https.";
  }
  // At this machine, the other pages can be opened without a login, and take the token.
  byId("token").hidden = !who.here;
  const page = target() === "/" ? "/console/live.html" : target();
  byId("token-link").href = `${page}?by=token${window.location.hash}`;
  byId("cannot").hidden = !who.no_login_because;
  byId("why").textContent = who.no_login_because ?? "";
  byId("login").hidden = Boolean(who.no_login_because);
  if (!who.no_login_because) byId("password").focus();
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn();
});
begin();
