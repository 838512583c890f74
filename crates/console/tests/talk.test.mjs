// Tries the page "Talk" in a browser against a running offhook with its shipped configuration. OFFHOOK_URL is
// the page's address; OFFHOOK_PICTURES, a folder for screenshots. It must not know how the page is made
// inside.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ended, picture, record, stateIs, URL_OF_PAGE, withPage, wordsOf } from "./browser.mjs";

const figure = (page, name) => page.locator(`#summary dt:text-is("${name}") + dd`).innerText();
const has = (lines, pattern) =>
  assert.ok(
    lines.some((line) => pattern.test(line)),
    `${pattern} in ${JSON.stringify(lines)}`,
  );

test("a whole conversation through the microphone", async () => {
  const script = [6.5, "2", 6, "3", 5, "8", 5];
  await withPage({ script, viewport: { width: 1200, height: 860 } }, async (page, problems) => {
    await page.goto(URL_OF_PAGE);
    await picture(page, "desktop-light-start");
    await record(page);
    await page.click("#call");
    await page.locator(".waterfall").nth(1).waitFor({ timeout: 30000 });
    await picture(page, "desktop-light-call");
    await ended(page);
    await picture(page, "desktop-light-summary");

    const caller = await wordsOf(page, "caller");
    const agent = await wordsOf(page, "agent");
    has(agent, /Hello, this is Green Street Dental Clinic/);
    has(caller, /open on Monday/i);
    has(agent, /eight thirty/i);
    has(caller, /how much is a cleaning/i);
    has(agent, /ninety dollars/i);
    has(caller, /goodbye/i);
    assert.equal(await page.locator(".waterfall").count(), 3);
    assert.equal(await page.locator(".partial").count(), 0, "nothing stays grey");
    const { told, partials } = await page.evaluate(() => ({ told: window.told, partials: window.partials }));
    assert.match(told.join(" "), /^connecting .*speaking .*caller .*speaking .*caller .*speaking .*ended$/);
    assert.ok(partials, "the caller's words were there before they were final");
    assert.match(await page.locator(".v2v").first().innerText(), /^\d+ ms/);
    assert.match(await page.locator("#summary-title").innerText(), /said goodbye/);
    assert.equal(await figure(page, "turns"), "3");
    assert.match(await figure(page, "median wait"), /^[\d,]+ ms$/);
    assert.match(await figure(page, "longest wait"), /^[\d,]+ ms$/);
    assert.equal(await figure(page, "interruptions"), "0");
    assert.deepEqual(problems, []);
  });
});

test("the caller cuts in: the agent falls silent, and what was not heard is marked", async () => {
  await withPage({ script: [6.5, "2", 1.9, "3", 12], colorScheme: "dark" }, async (page, problems) => {
    await page.goto(URL_OF_PAGE);
    await page.click("#call");
    await page.locator(".note").first().waitFor({ timeout: 30000 });
    await picture(page, "desktop-dark-interrupted");
    await page.locator(".waterfall").nth(1).waitFor();
    await stateIs(page, "listening");
    await picture(page, "desktop-dark-call");

    const cut = page.locator(".turn", { has: page.locator(".note") });
    assert.match(await cut.locator(".line.caller .words").innerText(), /open on Monday/i);
    assert.match(await cut.locator(".line.agent .words").innerText(), /not heard/);
    has(await wordsOf(page, "agent"), /ninety dollars/i);
    await page.keyboard.press("h");
    await ended(page);
    assert.equal(await figure(page, "interruptions"), "1");
    await picture(page, "desktop-dark-summary");
    assert.deepEqual(problems, []);
  });
});

test("the agent is silent within 300 ms of the server's clear", async () => {
  await withPage({ script: [60] }, async (page) => {
    await page.goto(URL_OF_PAGE);
    await page.click("#call");
    await stateIs(page, "speaking");
    await page.waitForTimeout(600);
    const height = () =>
      page.locator("#meter-agent").evaluate((bar) => new DOMMatrix(getComputedStyle(bar).transform).a);
    await page.click("#interrupt");
    await page.locator(".note").waitFor({ timeout: 1000 });
    await page.waitForTimeout(300);
    assert.equal(await page.locator("#state").getAttribute("data-state"), "listening");
    assert.ok((await height()) < 0.3, "the agent's meter falls");
    await page.keyboard.press("h");
    await ended(page);
  });
});

test("a recorded caller", async () => {
  await withPage(
    { permission: false, deny: true, viewport: { width: 1200, height: 860 } },
    async (page, problems) => {
      await page.goto(URL_OF_PAGE);
      await page.selectOption("#recorded-choice", "4.wav");
      await page.click("#recorded-call");
      await page.locator(".waterfall").first().waitFor({ timeout: 30000 });
      has(await wordsOf(page, "caller"), /park/i);
      has(await wordsOf(page, "agent"), /behind the building/i);
      await page.locator("#sentences button").nth(7).click();
      await ended(page);
      assert.match(await page.locator("#summary-title").innerText(), /said goodbye/);
      await picture(page, "desktop-light-recorded");
      assert.deepEqual(problems, []);
    },
  );
});

test("a whole call with the keyboard alone", async () => {
  await withPage({ script: [60] }, async (page) => {
    await page.goto(URL_OF_PAGE);
    const focused = () => page.evaluate(() => document.activeElement.id);
    const tabTo = async (id) => {
      for (let presses = 0; presses < 12 && (await focused()) !== id; presses++)
        await page.keyboard.press("Tab");
      assert.equal(await focused(), id);
    };
    await tabTo("call");
    await page.keyboard.press("Enter");
    await stateIs(page, "speaking");
    await tabTo("keypad-toggle");
    await page.keyboard.press("Space");
    await page.keyboard.press("5");
    assert.equal(await page.locator("#keypad-pressed").innerText(), "5");
    await page.keyboard.press("m");
    assert.equal(await page.locator("#mute").getAttribute("aria-pressed"), "true");
    await page.locator(".line.caller", { hasText: "I pressed 5" }).waitFor({ timeout: 20000 });
    await picture(page, "desktop-light-keypad");
    await tabTo("hang-up");
    await page.keyboard.press("Enter");
    await ended(page);
    assert.match(await page.locator("#state").innerText(), /Ended: you hung up/);
    await tabTo("again");
    await page.keyboard.press("Enter");
    await stateIs(page, "speaking");
    await page.keyboard.press("h");
    await ended(page);
  });
});

test("the choices of the protocol", async () => {
  await withPage({ script: [60] }, async (page) => {
    await page.goto(URL_OF_PAGE);
    await page.click("#choices summary");
    await page.fill("#choice-greeting", "Hello, this is the bakery.");
    await page.click("#call");
    await page.locator(".line.agent", { hasText: "this is the bakery" }).waitFor({ timeout: 20000 });
    await page.keyboard.press("h");
    await ended(page);
  });
});

test("a telephone's screen needs no scrolling to the side", async () => {
  const phone = {
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
  };
  await withPage({ script: [6.5, "2", 30], ...phone }, async (page) => {
    const fits = async (where) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${where}: ${wide} pixels`);
    };
    await page.goto(URL_OF_PAGE);
    await fits("start");
    await picture(page, "phone-start");
    await page.tap("#call");
    await page.locator(".waterfall").first().waitFor({ timeout: 30000 });
    await page.waitForTimeout(600);
    await fits("call");
    await picture(page, "phone-call");
    await page.tap("#keypad-toggle");
    await fits("keypad");
    await picture(page, "phone-keypad");
    await page.tap("#hang-up");
    await ended(page);
    await fits("summary");
    await picture(page, "phone-summary");
  });
});

test("a server that tells what the agent is going to say", async () => {
  await withPage({ script: [60] }, async (page, problems) => {
    await page.routeWebSocket(/\/offhook$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        socket.send(message);
        if (typeof message !== "string" || !message.includes('"session.started"')) return;
        // The greeting has two pieces; the first mark is the one behind its first 20 ms.
        const text = "Hello, this is Green Street Dental Clinic.";
        socket.send(JSON.stringify({ type: "saying", turn: 0, text, mark: "m2" }));
        socket.send(JSON.stringify({ type: "saying", turn: 0, text: "How can I help you?", mark: "m3" }));
      });
    });
    await page.goto(URL_OF_PAGE);
    await page.evaluate(() => {
      window.seen = [];
      const captions = document.getElementById("captions");
      new MutationObserver(() => {
        window.seen.push(captions.innerText);
        if (window.seen.length === 2) setTimeout(() => document.getElementById("interrupt").click(), 600);
      }).observe(captions, { childList: true, subtree: true });
    });
    await page.click("#call");
    await page.locator("del.unheard").waitFor({ timeout: 5000 });
    assert.match(await page.locator("del.unheard").innerText(), /How can I help you\?$/);
    const spoken = await page.evaluate(() => window.seen[1]);
    assert.match(spoken, /Dental Clinic/, "the words come with the sound");
    assert.doesNotMatch(spoken, /How can I/, "and not before it");
    await picture(page, "desktop-light-unheard");
    assert.deepEqual(problems, []);
  });
});
