// Starts browsers whose microphone is a file, and waits for what a page shows. It must not know which tests
// use it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { writeWav } from "./wav.mjs";

export const URL_OF_PAGE = process.env.OFFHOOK_URL ?? "http://127.0.0.1:8080/";
const PICTURES = process.env.OFFHOOK_PICTURES;

async function caller(number) {
  const answer = await fetch(new URL(`console/callers/${number}.wav`, URL_OF_PAGE));
  if (!answer.ok) throw new Error(`no recorded caller ${number}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** `script`: numbers are seconds of silence, strings the numbers of recorded callers. */
async function microphoneFile(folder, script) {
  const parts = await Promise.all(script.map((part) => (typeof part === "string" ? caller(part) : part)));
  const file = join(folder, "caller.wav");
  writeWav(file, 8000, parts);
  return file;
}

/** Runs `test(page)` in a browser of its own. */
export async function withPage({ script, permission = true, deny = false, ...context }, test) {
  const folder = mkdtempSync(join(tmpdir(), "offhook-console-"));
  const args = ["--use-fake-device-for-media-stream", "--no-sandbox"];
  if (permission) args.push("--use-fake-ui-for-media-stream");
  if (deny) args.push("--deny-permission-prompts");
  if (script) args.push(`--use-file-for-fake-audio-capture=${await microphoneFile(folder, script)}%noloop`);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage(context);
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !line.text().startsWith("Failed to load resource"))
        problems.push(line.text());
    });
    await test(page, problems);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** The words of one side, turn by turn. */
export const wordsOf = (page, side) => page.locator(`.line.${side} .words`).allInnerTexts();

/** Records every state that the page tells, and whether the caller's words were grey, from now on. */
export const record = (page) =>
  page.evaluate(() => {
    window.told = [];
    const state = document.getElementById("state");
    new MutationObserver(() => window.told.push(state.dataset.state)).observe(state, { attributes: true });
    new MutationObserver(() => {
      window.partials ||= document.querySelector(".line.caller .partial")?.innerText;
    }).observe(document.getElementById("captions"), { childList: true, subtree: true });
  });

export const ended = (page, timeout = 60000) => page.locator("#summary").waitFor({ timeout });

export const stateIs = (page, state, timeout = 30000) => {
  return page.locator(`#state[data-state="${state}"]`).waitFor({ timeout });
};
