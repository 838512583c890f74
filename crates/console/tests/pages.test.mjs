// Tries the pages Live and Health, and of all pages what they do without data, without a token, with hostile
// words and on a telephone, against the mock of the server (mock.mjs). OFFHOOK_PICTURES is a folder for
// screenshots. It must not know how the pages are made inside.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { picture } from "./browser.mjs";
import { onPage, PHONE, sees, serverHas, startMock, stopMock, tabTo, TOKEN, widthOf } from "./mock.mjs";

const LIVE = "/console/live.html";
const CALLS = "/console/calls.html";
const HEALTH = "/console/health.html";
const DARK = { viewport: { width: 1200, height: 860 }, colorScheme: "dark" };

before(startMock);
after(stopMock);

const text = (page, what) => page.locator(what).innerText();

test("the navigation names the page on which one is", async () => {
  await onPage("full", "/", async (page) => {
    for (const name of ["Agent", "Live", "Calls", "Health", "Talk"]) {
      await page.getByRole("navigation").getByRole("link", { name }).click();
      await page.locator("nav [aria-current=page]", { hasText: name }).waitFor();
      assert.match(await page.title(), new RegExp(name));
    }
  });
});

test("Talk: who answers and with which voice, where there are several", async () => {
  await onPage("full", "/", async (page) => {
    await page.locator("#choices summary").click();
    await page.locator("#choose-agent").waitFor();
    const agents = await page.locator("#choice-agent option").allInnerTexts();
    assert.deepEqual(agents, ["reception (answers usually)", "billing"]);
    await page.getByLabel("Who answers").selectOption("billing");
    assert.equal(await text(page, "#choice-agent-what"), "Invoices and payments.");
    const voices = await page.getByLabel("Whose voice").locator("option").allInnerTexts();
    assert.deepEqual(voices, ["the agent’s own", "flite:slt", "piper:joe.onnx"]);
    await picture(page, "talk-choices");
  });
});

test("Live: the open calls, each second", async () => {
  await onPage("full", LIVE, async (page) => {
    await page.locator(".live").nth(2).waitFor();
    assert.equal(await text(page, "#places"), "3 calls of 8 places");
    assert.equal(await text(page, "#ready"), "It takes calls.");
    const longest = page.locator(".live", { hasText: "offhook, 1:02:05" });
    assert.match(await longest.innerText(), /turns\s*41[^]*1,830 ms[^]*402 ms[^]*failures\s*2/);
    await picture(page, "live-light");
    await serverHas("empty"); // all have hung up
    await sees(page, "Nobody is on the line.");
    assert.equal(await text(page, "#places"), "0 calls of 8 places");
    await serverHas("refusing");
    await sees(page, "It takes no calls, because 95 of 100 answers would begin later than 2000 ms.");
    await serverHas("down");
    await sees(page, "disk I/O error");
    await serverHas("full");
    await page.locator(".live").nth(2).waitFor();
    await page.locator("#trouble").waitFor({ state: "hidden" });
  });
});

test("Live: hanging up asks first, with the keyboard", async () => {
  await onPage("full", LIVE, async (page) => {
    await page.locator(".live").nth(2).waitFor();
    const button = page.getByRole("button", { name: "Hang up CA638c70f61735cd6679e9d179d64984f9" });
    await tabTo(page, button);
    await page.keyboard.press("Enter");
    await sees(page, "Hang up this call?");
    await picture(page, "live-question");
    await page.waitForTimeout(1500); // it goes on looking meanwhile
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".live").count(), 3);
    assert.ok(await button.evaluate((element) => element === document.activeElement), "the focus comes back");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter"); // the safe answer has the focus
    assert.equal(await page.locator(".live").count(), 3);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".live").nth(2).waitFor({ state: "detached" });
    assert.equal(await text(page, "#places"), "2 calls of 8 places");
  });
});

test("Health: all of it", async () => {
  await onPage("full", HEALTH, async (page) => {
    await page.locator(".latency tbody tr").nth(7).waitFor();
    assert.match(await text(page, ".latency .total >> xpath=.."), /in all\s*413 ms\s*1,240 ms\s*1,980 ms/);
    assert.match(
      await text(page, "#advice"),
      /llm\.threads\s*Give a step more threads[^]*Because in 5 of 100/,
    );
    assert.match(await text(page, "#engines"), /llm:main answers, in use\s*left alone[^]*tried again in 3 s/);
    assert.match(await text(page, "#quality"), /The server is pressed\.[^]*2 of 4 steps taken[^]*25 words/);
    assert.match(await text(page, "#room"), /Room for 1 more call[^]*1,640 ms; it may be 2,000 ms/);
    assert.match(await text(page, "#records"), /2 events of calls are lost\.[^]*The log shows info/);
    assert.match(await text(page, "#load"), /busy cores\s*[\d.]+ cores?/);
    await picture(page, "health-light");
    await page.getByLabel("since the start").check();
    assert.match(await text(page, ".latency .total >> xpath=.."), /in all\s*395 ms/);
    await page.waitForTimeout(2500);
    assert.ok(await page.getByLabel("since the start").isChecked(), "looking again keeps the choice");
  });
});

test("without data, each page says so, and what to do", async () => {
  await onPage("empty", LIVE, async (page) => sees(page, "Nobody is on the line."));
  await onPage("empty", CALLS, async (page) => {
    await sees(page, "No calls yet.");
    assert.ok(await page.locator("#search").isHidden());
  });
  await onPage("norecords", CALLS, async (page) => {
    await sees(page, "This server keeps no calls.");
    await sees(page, "records.file");
    await picture(page, "calls-none");
  });
  await onPage("empty", HEALTH, async (page) => {
    await sees(page, "Nothing needs to be changed. There has been little to judge by");
    await sees(page, "Nobody was answered yet.");
    await sees(page, "Nothing is left out");
  });
  await onPage("norecords", HEALTH, async (page) => sees(page, "No calls are kept."), DARK);
});

for (const [name, path, inside] of [
  ["Live", LIVE, ".live"],
  ["Calls", CALLS, ".record"],
  ["one call", `${CALLS}#call=3`, ".waterfall"],
  ["Health", HEALTH, ".latency"],
]) {
  test(`${name}: a server that wants a token`, async () => {
    await onPage("token", path, async (page) => {
      const field = page.getByLabel("The administrator’s token");
      await field.waitFor();
      await sees(page, "The server says: an administrator's token is wanted");
      assert.ok(await field.evaluate((element) => element === document.activeElement));
      assert.equal(await page.locator(inside).count(), 0);
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await sees(page, "That token is wrong.");
      await page.keyboard.type("naïve ☎"); // no header carries it
      await page.keyboard.press("Enter");
      await sees(page, "letters, digits and signs only");
      await picture(page, `door-${name.replace(" ", "-").toLowerCase()}`);
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      await page.locator(inside).first().waitFor();
      assert.ok(await field.isHidden());
      const kept = await page.evaluate(() => [
        Object.values(sessionStorage),
        localStorage.length,
        document.cookie,
      ]);
      assert.deepEqual(kept, [[TOKEN], 0, ""]);
      await page.reload();
      await page.locator(inside).first().waitFor();
      await page.getByRole("button", { name: "Forget the token" }).click();
      await field.waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    });
  });

  test(`${name}: hostile words, on a telephone, in both schemes`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      for (const what of ["hostile", "full"]) {
        await onPage(
          what,
          path,
          async (page) => {
            await page.locator(inside).first().waitFor();
            if (path.includes("call=")) await page.locator(".wave.agent").waitFor();
            await page.evaluate(() =>
              document.querySelectorAll("details").forEach((one) => (one.open = true)),
            );
            await page.waitForTimeout(300);
            const shot = what === "full" ? "phone" : "hostile";
            await picture(page, `${shot}-${name.replace(" ", "-").toLowerCase()}-${colorScheme}`);
            assert.equal(await widthOf(page), 360, "no scrolling to the side");
            assert.equal(await page.locator("main :is(img, script)").count(), 0);
            assert.doesNotMatch(await page.title(), /hacked/);
            if (what === "hostile") assert.match(await text(page, "main"), /<script>document\.title/);
          },
          { ...PHONE, colorScheme },
        );
      }
    }
  });
}
