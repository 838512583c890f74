// Tries what the page "Talk" says when something goes wrong: no microphone, a server that refuses or is gone,
// a call that breaks. OFFHOOK_URL is the page's address. It must not know how the page is made inside.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ended, picture, stateIs, URL_OF_PAGE, withPage } from "./browser.mjs";

test("a denied microphone is told, with what to do", async () => {
  await withPage({ permission: false, deny: true }, async (page) => {
    await page.goto(URL_OF_PAGE);
    await page.click("#call");
    await page.locator("#trouble").waitFor();
    assert.match(
      await page.locator("#trouble").innerText(),
      /microphone is blocked[^]*Allow it[^]*recorded caller/,
    );
    assert.equal(await page.locator("#call-label").innerText(), "Try again");
    await picture(page, "desktop-light-denied");
  });
});

test("a server that refuses, and one that is gone", async () => {
  await withPage({ script: [60] }, async (page) => {
    await page.goto(URL_OF_PAGE);
    await page.evaluate(() => {
      window.RealSocket = WebSocket;
      window.WebSocket = class extends window.RealSocket {
        constructor(url) {
          super(url.replace(/offhook$/, "no-such-line"));
        }
      };
    });
    await page.click("#call");
    await page.locator("#trouble").waitFor();
    assert.match(await page.locator("#trouble").innerText(), /refuses calls at the moment/);
    await picture(page, "desktop-light-refused");
    await page.route("**/readyz", (route) => route.fulfill({ status: 503, body: "draining" }));
    await page.click("#call");
    await page.locator("#trouble", { hasText: "draining" }).waitFor();
    await page.unroute("**/readyz");
    await page.route("**/readyz", (route) => route.abort());
    await page.click("#call");
    await page.locator("#trouble", { hasText: "does not answer" }).waitFor();
    await page.evaluate(() => {
      window.WebSocket = window.RealSocket;
    });
    await page.click("#call");
    await stateIs(page, "speaking");
    assert.ok(await page.locator("#trouble").isHidden(), "the trouble is over");
  });
});

test("a call that breaks, and one that is given up while the browser asks for the microphone", async () => {
  await withPage({ script: [60] }, async (page, problems) => {
    await page.addInitScript(() => {
      window.sockets = [];
      window.WebSocket = class extends WebSocket {
        constructor(url) {
          super(url);
          window.sockets.push(this);
        }
      };
    });
    await page.goto(URL_OF_PAGE);
    await page.evaluate(() => {
      window.realAsk = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (wishes) =>
        new Promise((resolve) => {
          window.allow = () => resolve(window.realAsk(wishes));
        });
    });
    await page.click("#call");
    await stateIs(page, "connecting");
    await page.keyboard.press("h");
    await stateIs(page, "idle");
    await page.evaluate(() => window.allow());
    await page.waitForTimeout(300);
    assert.ok(await page.locator("#trouble").isHidden(), "nothing went wrong");
    assert.equal(await page.evaluate(() => window.sockets.length), 0, "nobody was called");

    await page.click("#call");
    await page.waitForFunction(() => window.allow);
    await page.evaluate(() => window.allow());
    await stateIs(page, "speaking");
    await page.evaluate(() => window.sockets[0].close(3000));
    await ended(page);
    assert.match(await page.locator("#trouble").innerText(), /connection broke/);
    assert.match(await page.locator("#state").innerText(), /Ended: the connection broke/);
    assert.deepEqual(problems, []);
  });
});

test("a server that does not let pages choose the greeting", async () => {
  await withPage({ script: [60] }, async (page) => {
    await page.routeWebSocket(/\/offhook$/, (socket) => {
      socket.onMessage(() => {
        const message = "agent: this server lets no session bring its own agent";
        socket.send(JSON.stringify({ type: "error", code: "not_allowed", message }));
        socket.close({ code: 1008, reason: "not allowed" });
      });
    });
    await page.goto(URL_OF_PAGE);
    await page.click("#call");
    await page.locator("#trouble", { hasText: "lets no page choose" }).waitFor();
    assert.match(await page.locator("#trouble").innerText(), /Choose how the call goes/);
  });
});
