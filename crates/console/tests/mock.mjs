// Starts the mock of the server's administration (mock_server.py), and opens its pages. It must not know what
// is tried.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { withPage } from "./browser.mjs";

export const TOKEN = "s3cret-of-the-administrator";
export const PASSWORD = "correct horse battery";
const SCRIPT = process.env.OFFHOOK_MOCK ?? join(dirname(fileURLToPath(import.meta.url)), "mock_server.py");

let server = null;
let base = "";

export async function startMock() {
  server = spawn("python3", [SCRIPT, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  base = `http://${line.replace("listening on ", "")}`;
}

export const stopMock = () => server?.kill();

export const PHONE = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};
export const DESK = { viewport: { width: 1200, height: 860 } };

/** What the server has from now on: "full", "empty", "norecords", "refusing", "hostile", "token", "login", "down", and
 *  "conflict": the agent’s file changes meanwhile; "over" ends the sessions, "other" gives them other tokens. */
export const serverHas = (name) => fetch(`${base}/mock/${name}`, { method: "PUT" });

/** Adds an event to those of the open calls. */
export const tell = (event) => fetch(`${base}/mock/tell`, { method: "PUT", body: JSON.stringify(event) });

/** Runs `test(page)` on a page of a server that has `what`; nothing may go wrong on it. */
export async function onPage(what, path, test, context = DESK) {
  await serverHas(what);
  await withPage(context, async (page, problems) => {
    const elsewhere = [];
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) elsewhere.push(request.url());
    });
    await page.goto(`${base}${path}`);
    await test(page);
    if (problems.length > 0) throw new Error(`the page has errors: ${problems.join("; ")}`);
    if (elsewhere.length > 0) throw new Error(`the page asks elsewhere: ${elsewhere.join(" ")}`);
  });
}

/** Waits until the page shows these words. */
export const sees = (page, words) => page.getByText(words).first().waitFor({ timeout: 8000 });

export const widthOf = (page) => page.evaluate(() => document.documentElement.scrollWidth);

/** Presses Tab until `locator` has the focus. */
export async function tabTo(page, locator, most = 60) {
  for (let presses = 0; presses < most; presses++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never comes to ${locator}`);
}
