// Who the person at the browser is to the server: logged in or not, and the token that requests of a session
// carry. The session itself is a cookie that no script can read. It must not know any page.

let known = null; // the last answer, as a promise

const NOBODY = { signed_in: false, csrf: null, here: true, no_login_because: "the server does not say" };

async function asked() {
  try {
    const answer = await fetch("/console/session", { cache: "no-store" });
    return answer.ok ? await answer.json() : NOBODY;
  } catch {
    return NOBODY;
  }
}

/** `{signed_in, csrf, here, no_login_because}`; `again` asks the server again. */
export function whoAmI(again = false) {
  if (again || !known) known = asked();
  return known;
}

/** The address of the login, from which one comes back to this page. */
export function loginAddress() {
  const { pathname, hash } = window.location;
  return `/console/login.html?to=${encodeURIComponent(pathname)}${hash}`;
}

export async function signOut() {
  const { csrf } = await whoAmI(true);
  if (csrf) {
    await fetch("/console/logout", { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => null);
  }
  window.location.assign(loginAddress());
}
