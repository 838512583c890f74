// Tries the transcript of an open call on the page Live: words as they come, a cut answer, the end, a
// connection that breaks, hostile words, a telephone, against the mock of the server (mock.mjs). It must not
// know how the page is made inside.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { picture, wordsOf } from "./browser.mjs";
import { onPage, PHONE, sees, serverHas, startMock, stopMock, tabTo, tell, widthOf } from "./mock.mjs";

const LIVE = "/console/live.html";
const ID = "01a22a86-full";
const STAGES = {
  endpoint_ms: 180,
  stt_ms: 0,
  llm_first_token_ms: 120,
  tts_first_audio_ms: 60,
  first_frame_ms: 20,
};
const GREETING = { type: "turn", turn: 0, heard: "", reply: "Hello, this is the clinic.", stages: {} };
const ANSWERED = { type: "turn", turn: 1, v2v_ms: 380, stages: STAGES, speech_end_ms: 4000 };

before(startMock);
after(stopMock);

const opener = (page) => page.getByRole("button", { name: `Transcript of ${ID}` });
const log = (page) => page.getByRole("log", { name: `What is said in ${ID}` });

async function conversation() {
  await tell(GREETING);
  await tell({ type: "caller_speaks", at_ms: 2100 });
  await tell({ type: "heard", turn: 1, text: "When are you open on Monday?" });
  await tell({ type: "saying", turn: 1, text: "On Monday, we are open from eight thirty", mark: "m1" });
  await tell({ type: "saying", turn: 1, text: "to five.", mark: "m2" });
}

test("the words of an open call come as they are said, with what was not heard", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const context = { viewport: { width: 1200, height: 1000 }, colorScheme };
    await onPage(
      "full",
      LIVE,
      async (page) => {
        await opener(page).click();
        assert.equal(await opener(page).getAttribute("aria-expanded"), "true");
        await sees(page, "On the line.");
        await conversation();
        await sees(page, "open from eight thirty to five.");
        await tell({ type: "caller_speaks", at_ms: 6000 });
        await tell({ type: "hearing", utterance: 2, stable: "how much", unstable: "is" });
        await page.locator(".partial.stable", { hasText: "how much" }).waitFor();
        await picture(page, `live-words-running-${colorScheme}`);
        const reply = "On Monday, we are open from";
        await tell({ ...ANSWERED, heard: "When are you open on Monday?", reply, interrupted: true });
        await page.locator(".unheard", { hasText: "eight thirty to five." }).waitFor();
        assert.match(await page.locator(".v2v").innerText(), /^380 ms/);
        await tell({ type: "error", code: "late", message: "no first word within 4000 ms" });
        await picture(page, `live-words-${colorScheme}`);
        assert.deepEqual(await wordsOf(page, "caller"), ["When are you open on Monday?", "how much is"]);
        await tell({ type: "session.summary", end: { code: "hung_up", reason: "the caller hung up" } });
        await sees(page, "The caller hung up.");
        assert.equal(await page.locator(".partial, .dots").count(), 0, "nothing stays open");
        await serverHas("empty");
        await page.locator(".live").nth(1).waitFor({ state: "detached" });
        assert.equal(await page.locator(".live").count(), 1, "what is read stays");
        await opener(page).click();
        await sees(page, "Nobody is on the line.");
      },
      context,
    );
  }
});

// Fault: its card was that of the call before, without a way to hang up.
test("a new call that has the name of one that is over gets a card of its own", async () => {
  await onPage("full", LIVE, async (page) => {
    await opener(page).click();
    await conversation();
    await sees(page, "open from eight thirty to five.");
    await serverHas("empty");
    await page.locator(".live").nth(1).waitFor({ state: "detached" });
    await sees(page, "The call is over.");
    await serverHas("full");
    await page.locator(".live").nth(3).waitFor();
    assert.equal(await page.getByRole("button", { name: `Hang up ${ID}` }).count(), 1);
    assert.equal(await page.getByRole("button", { name: /^Hang up/ }).count(), 3);
    await sees(page, "open from eight thirty to five.");
    await opener(page).first().click();
    await page.locator(".live").nth(3).waitFor({ state: "detached" });
    assert.equal(await page.getByRole("button", { name: /^Hang up/ }).count(), 3);
  });
});

test("one transcript is open at a time, with the keyboard, for a screen reader", async () => {
  await onPage("full", LIVE, async (page) => {
    await page.locator(".live").nth(2).waitFor();
    await tabTo(page, opener(page));
    await page.keyboard.press("Enter");
    await tell(GREETING);
    await sees(page, "Hello, this is the clinic.");
    assert.equal(await log(page).getAttribute("aria-busy"), "true", "what was said before is not read out");
    await page.waitForTimeout(800);
    assert.equal(await log(page).getAttribute("aria-busy"), "false");
    await tabTo(page, log(page));
    await page.getByRole("button", { name: /^Transcript of CA638/ }).click();
    await page.waitForTimeout(1500); // it goes on looking meanwhile
    assert.equal(await page.locator(".captions").count(), 1);
    assert.equal(await opener(page).getAttribute("aria-expanded"), "false");
  });
});

test("after a break it is all there again, and words that are left out are told", async () => {
  await onPage("full", LIVE, async (page) => {
    await tell({ type: "call", left_out: 12, words: "redacted" });
    await conversation();
    await opener(page).click();
    await sees(page, "open from eight thirty to five.");
    await sees(page, /12 earlier lines of this call are not shown. Card numbers and other personal/);
    await serverHas("break");
    await sees(page, "The connection broke. Trying again");
    await sees(page, "On the line.");
    await sees(page, "open from eight thirty to five.");
    assert.equal(await page.locator(".line.agent").count(), 2);
    await serverHas("down");
    await sees(page, "disk I/O error");
  });
});

test("hostile words on a telephone", async () => {
  const hostile = `<img src=x onerror="document.title='hacked'"> \u202e ${"y".repeat(200)}`;
  for (const colorScheme of ["light", "dark"]) {
    await onPage(
      "full",
      LIVE,
      async (page) => {
        await opener(page).click();
        await picture(page, `live-words-phone-opened-${colorScheme}`);
        await conversation();
        await tell({ ...ANSWERED, heard: "When are you open?", reply: "On Monday, from eight thirty to five." });
        await page.locator(".v2v").waitFor();
        await log(page).scrollIntoViewIfNeeded();
        await picture(page, `live-words-phone-${colorScheme}`);
        await tell({ type: "heard", turn: 2, text: hostile });
        await tell({ type: "tool_began", turn: 2, tool_call: "call_1", name: hostile });
        await sees(page, "is under way");
        await tell({ type: "tool_ended", turn: 2, tool_call: "call_1", name: hostile, end: "failed", took_ms: 1234.5 });
        await sees(page, "failed after 1,235 ms.");
        assert.equal(await page.getByText("is under way").count(), 0, "the same line");
        await tell({ type: "error", code: hostile, message: hostile });
        await sees(page, "Trouble");
        assert.equal(await widthOf(page), 360, "no scrolling to the side");
        assert.equal(await page.locator("main :is(img, script)").count(), 0);
        assert.doesNotMatch(await page.title(), /hacked/);
      },
      { ...PHONE, colorScheme },
    );
  }
});
