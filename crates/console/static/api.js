// Asks the server's administration (`/api/v1`): in the session of whoever has logged in, and with the
// administrator's token if there is one. The token lives in sessionStorage, and dies with the tab. It must not
// know what the answers mean, or any page.

import { whoAmI } from "./session.js";

const BASE = "/api/v1";
const KEY = "offhook.admin-token";

export const token = () => sessionStorage.getItem(KEY) ?? "";
export const keepToken = (value) => sessionStorage.setItem(KEY, value);
export const forgetToken = () => sessionStorage.removeItem(KEY);

/** What went wrong, in the server's words. `status` is 0 if it did not answer at all. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** What changes something carries the token of the session; `fresh` asks the server for it again. */
async function headersFor({ method = "GET", headers: own = {} }, fresh) {
  const headers = { ...own, ...(token() && { Authorization: `Bearer ${token()}` }) };
  const { csrf } = method === "GET" ? {} : await whoAmI(fresh);
  return csrf ? { ...headers, "X-CSRF-Token": csrf } : headers;
}

async function ask(path, options = {}, fresh = false) {
  const headers = await headersFor(options, fresh);
  let answer;
  try {
    answer = await fetch(`${BASE}${path}`, { ...options, headers, cache: "no-store" });
    // Another tab may have begun another session meanwhile.
    if (answer.status === 403 && headers["X-CSRF-Token"] && !fresh) return ask(path, options, true);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not answer. It may have stopped, or the network is gone.");
  }
  if (!answer.ok) throw new ApiError(answer.status, await reasonOf(answer));
  return answer;
}

async function reasonOf(answer) {
  const text = await answer.text().catch(() => "");
  try {
    return String(JSON.parse(text).error.message);
  } catch {
    return text.trim().slice(0, 300) || `The server answers ${answer.status}.`;
  }
}

/** `path` begins behind `/api/v1`; `query` leaves out what is empty. */
export async function getJson(path, query = {}, options = {}) {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const answer = await ask(search ? `${path}?${search}` : path, options);
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(answer.status, "The server’s answer is no JSON. Is something else at this address?");
  }
}

/** `method` is "POST" or "PUT"; resolves to the answer. */
export async function sendJson(method, path, value) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method, headers, body: JSON.stringify(value) })).json();
}

export const getStream = async (path, options) => (await ask(path, options)).body;
export const getBlob = async (path, options) => (await ask(path, options)).blob();
export const post = (path) => ask(path, { method: "POST" });
export const remove = (path) => ask(path, { method: "DELETE" });
