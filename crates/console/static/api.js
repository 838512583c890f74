// Asks the server's administration (`/api/v1`), with the administrator's token if there is one. The token
// lives in sessionStorage, and dies with the tab. It must not know what the answers mean, or any page.

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

async function ask(path, options = {}) {
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  let answer;
  try {
    answer = await fetch(`${BASE}${path}`, { ...options, headers, cache: "no-store" });
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

export const getBlob = async (path, options) => (await ask(path, options)).blob();
export const post = (path) => ask(path, { method: "POST" });
export const remove = (path) => ask(path, { method: "DELETE" });
