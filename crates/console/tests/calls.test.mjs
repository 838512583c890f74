// Tries the page Calls in a browser against the mock of the server (mock.mjs): the search, the list, and one
// call with its recording. OFFHOOK_PICTURES is a folder for screenshots. It must not know how the page is
// made inside.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { picture } from "./browser.mjs";
import { onPage, sees, startMock, stopMock, tabTo } from "./mock.mjs";

const CALLS = "/console/calls.html";

before(startMock);
after(stopMock);

const text = (page, what) => page.locator(what).innerText();

test("Calls: the list, its pages, and back", async () => {
  await onPage("full", CALLS, async (page) => {
    await page.locator(".record").nth(24).waitFor();
    assert.equal(await page.locator(".record").count(), 25);
    assert.match(await text(page, "#found"), /^25 calls, and older ones$/);
    assert.match(await page.locator(".record").first().innerText(), /0063[^]*not over yet/);
    await picture(page, "calls-light");
    await page.click("#older");
    await sees(page, "+1 415 555 0038");
    await page.click("#older");
    await page.locator(".record .badge.bad", { hasText: "ended badly: cannot answer" }).waitFor();
    assert.equal(await page.locator(".record").count(), 13);
    assert.ok(await page.locator("#older").isHidden());
    await page.goBack();
    await sees(page, "+1 415 555 0038");
    await page.click("#newest");
    await sees(page, "+1 415 555 0063");
  });
});

test("Calls: the search", async () => {
  await onPage("full", CALLS, async (page) => {
    await page.locator(".record").nth(24).waitFor();
    await page.getByLabel("Words that were said").fill("Laura Baker");
    await page.keyboard.press("Enter");
    await page.waitForURL(/#said=Laura/);
    await page.locator(".record").first().waitFor();
    await page.click("#more summary");
    await page.getByLabel("Gateway").selectOption("twilio");
    await page.getByLabel("Ended badly").check();
    await page.getByLabel("Slower than, in ms").fill("300");
    await page.getByLabel("From").fill("2026-11-30");
    await page.getByLabel("To", { exact: true }).fill("2026-11-30");
    const asked = page.waitForRequest(/\/api\/v1\/records\?/);
    await page.getByRole("button", { name: "Search" }).click();
    const query = new URL((await asked).url()).searchParams;
    assert.equal(query.get("until") - query.get("since"), 86400000);
    assert.equal(query.get("bad"), "true");
    assert.equal(query.get("slow"), "300");
    await sees(page, "1 call that fits");
    await picture(page, "calls-search");
    await page.reload();
    await sees(page, "1 call that fits"); // the address has it all
    await page.getByLabel("Words that were said").fill("no such words");
    await page.keyboard.press("Enter");
    await sees(page, "No call fits.");
  });
});

test("one call: its facts, words, events and waterfalls", async () => {
  await onPage("full", `${CALLS}#call=3`, async (page) => {
    await page.locator(".waterfall").nth(7).waitFor();
    assert.equal(await page.locator(".waterfall").count(), 8);
    assert.match(await page.title(), /^Call 3/);
    const view = await text(page, "#call-view");
    assert.match(view, /\+1 415 555 0123, through twilio/);
    assert.match(view, /longest wait\s*[\d,]+ ms/);
    assert.match(
      await text(page, "[aria-label='Turn 2']"),
      /Monday\?[^]*Engine failed[^]*Too late[^]*fallback/,
    );
    assert.match(
      await text(page, "[aria-label='Turn 3']"),
      /a stand-in answered: small[^]*A filler came first/,
    );
    // The picture comes with the recording.
    await page.locator(".wave.agent").waitFor();
    assert.equal(await page.locator(".mark.cut").count(), 7 + 1, "7 interruptions and the legend");
    await page.locator("summary", { hasText: "All facts" }).click();
    await sees(page, "CA638c70f61735cd6679e9d179d64984f9");
    await page.locator("summary", { hasText: "All facts" }).click();
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.locator(".wave.agent").waitFor();
    await picture(page, "call-light");
  });
});

test("one call: its summary and its fields, above all else", async () => {
  await onPage("full", `${CALLS}#call=3`, async (page) => {
    const card = page.locator(".after-call");
    await card.waitFor();
    const words = await text(page, ".after-call");
    assert.match(words, /asked about <b>Monday<\/b>\.[^]*Not all of it was made: it was not made in time/);
    assert.match(words, /name\s*Laura <i>\s*guests\s*2\s*urgent\s*no\s*day\s*–\s*wishes\s*\["a window",/);
    assert.equal(await card.locator("b, i").count(), 0, "words are no markup");
    assert.ok((await card.boundingBox()).y < (await page.locator(".figures").boundingBox()).y);
  });
  await onPage("full", `${CALLS}#call=1`, async (page) => {
    await page.locator(".figures").waitFor();
    assert.equal(await page.locator(".after-call").count(), 0, "nothing was to be made of it");
  });
});

test("one call: playing with the keyboard alone", async () => {
  await onPage("full", `${CALLS}#call=3`, async (page) => {
    const place = page.getByRole("slider");
    await place.waitFor();
    assert.equal(await place.getAttribute("aria-valuemax"), "33");
    await tabTo(page, place);
    const at = async () => Number(await place.getAttribute("aria-valuenow"));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(), 10);
    assert.equal(await place.getAttribute("aria-valuetext"), "10 seconds of 33 seconds");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await at(), 5);
    await page.keyboard.press("PageDown");
    assert.ok((await at()) > 5 && (await at()) < 10);
    await page.keyboard.press("End");
    assert.equal(await at(), 33);
    await page.keyboard.press("Home");
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.waitForFunction(() => document.querySelector("[role=slider]").ariaValueNow >= 1);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    const later = page.getByRole("button", { name: /^Play from 0:2[0-2]/ });
    await tabTo(page, later);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    assert.ok((await at()) >= 20);
    await page.locator(".turn.heard", { hasText: "Laura" }).waitFor();
    await page.getByLabel("Speed").selectOption("2");
    await page.getByRole("button", { name: "Pause" }).press("Enter");
  });
});

test("one call: a click seeks", async () => {
  await onPage("full", `${CALLS}#call=1`, async (page) => {
    await page.locator(".wave.agent").waitFor();
    const box = await page.getByRole("slider").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height - 20);
    const value = Number(await page.getByRole("slider").getAttribute("aria-valuenow"));
    assert.ok(Math.abs(value - 29) <= 1, `${value} s of 58`);
  });
});

test("one call: what is saved", async () => {
  await onPage("full", `${CALLS}#call=2`, async (page) => {
    await page.locator(".wave.agent").waitFor();
    const saved = async (name) => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      return {
        name: (await download).suggestedFilename(),
        bytes: await readFile(await (await download).path()),
      };
    };
    const json = await saved("Save as JSON");
    assert.equal(json.name, "call-2.json");
    assert.equal(JSON.parse(json.bytes).offhook_call, 1);
    const words = await saved("Save the transcript");
    assert.match(words.bytes.toString(), /^agent: Hello/);
    const audio = await saved("Save the audio");
    assert.equal(audio.name, "call-2.wav");
    assert.equal(audio.bytes.toString("latin1", 0, 4), "RIFF");
  });
});

test("one call: deleting asks first, with the keyboard", async () => {
  await onPage("full", `${CALLS}#gateway=vonage`, async (page) => {
    await page.getByRole("link", { name: "offhook call" }).press("Enter");
    const button = page.getByRole("button", { name: "Delete …" });
    await button.waitFor();
    await tabTo(page, button);
    await page.keyboard.press("Enter");
    await sees(page, "Delete call 2?");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await sees(page, "No call fits.");
    assert.match(page.url(), /#gateway=vonage$/);
    await page.goBack();
    await sees(page, "This call is not here.");
  });
});

test("one call without a recording, and one whose words are not kept", async () => {
  await onPage("full", `${CALLS}#call=40`, async (page) => {
    await sees(page, "records.recordings");
    assert.equal(await page.getByRole("slider").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Save the audio" }).count(), 0);
    await page.route(/records\/41$/, async (route) => {
      const whole = await (await route.fetch()).json();
      whole.turns.forEach((turn) => Object.assign(turn, { heard: null, reply: null }));
      await route.fulfill({ json: whole });
    });
    await page.evaluate(() => (window.location.hash = "call=41"));
    await sees(page, "words are not kept");
  });
});
