// Tries captions.js alone, in a page without a call: untrusted words, cut replies, and which words belong to
// which turn. It must not know the rest of the page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { URL_OF_PAGE, withPage, wordsOf } from "./browser.mjs";

/** Runs `steps(captions)` in the page and hands the page on. */
async function captioned(steps, check) {
  await withPage({}, async (page, problems) => {
    await page.goto(URL_OF_PAGE);
    await page.evaluate(async (source) => {
      const { Captions } = await import("/console/captions.js");
      document.getElementById("conversation").hidden = false;
      const root = document.getElementById("captions");
      // The page's policy forbids eval, as it should: the steps are data.
      const captions = new Captions(root);
      const begin = [];
      for (const [name, ...given] of source) {
        if (name === "begin") begin[given[0]]();
        else if (name === "prepare") begin.push(captions.prepare(...given));
        else captions[name](...given);
      }
    }, steps);
    await check(page);
    assert.deepEqual(problems, []);
  });
}

const HTML = "<img src=x onerror=\"document.title='hacked'\"><b>bold</b>";
const report = (turn, heard, reply, more = {}) => [
  "turn",
  { turn, heard, reply, interrupted: false, speech_end_ms: 1000 * turn, v2v_ms: 400, ...more },
];
const hearing = (utterance, words, atMs) => ["hearing", { utterance, stable: "", unstable: words }, atMs];

test("words that are markup are shown as text", async () => {
  const steps = [
    hearing(1, HTML, 500),
    ["prepare", HTML],
    report(1, HTML, HTML),
    hearing(2, HTML, 1800),
    ["prepare", `${HTML} and more`],
    ["begin", 1],
    report(2, HTML, "<img", { interrupted: true }),
    ["finish"],
  ];
  await captioned(steps, async (page) => {
    assert.equal(await page.locator("#captions img, #captions b").count(), 0);
    assert.deepEqual(await wordsOf(page, "caller"), [HTML, HTML]);
    assert.equal((await wordsOf(page, "agent"))[0], HTML);
    assert.notEqual(await page.title(), "hacked");
  });
});

test("what was not heard of a cut reply is struck out", async () => {
  const steps = [
    hearing(1, "when do you open", 500),
    ["prepare", "On Monday we are open"],
    ["begin", 0],
    ["prepare", "from eight thirty to five."],
    hearing(2, "how much", 2000),
    report(1, "When do you open?", "On Monday we are", { interrupted: true }),
  ];
  await captioned(steps, async (page) => {
    assert.equal(await page.locator("del.unheard").innerText(), "open from eight thirty to five.");
    assert.match((await wordsOf(page, "agent"))[0], /^On Monday we are open from .* not heard$/);
    assert.deepEqual(await wordsOf(page, "caller"), ["When do you open?", "how much"]);
    assert.equal(
      await page.locator(".partial", { hasText: "how much" }).count(),
      1,
      "the next turn stays grey",
    );
  });
});

test("a turn's words can be final before its answer, and are said once", async () => {
  const steps = [hearing(1, "where can", 900), ["heard", "Where can I park?"], ["agentStarts"]];
  await captioned(steps, async (page) => {
    assert.deepEqual(await wordsOf(page, "caller"), ["Where can I park?"]);
    assert.equal(await page.locator(".partial").count(), 0);
  });
  await captioned([...steps.slice(0, 2), hearing(2, "or walk", 2600)], async (page) => {
    assert.deepEqual(
      (await wordsOf(page, "caller")).map((words) => words.trim()),
      ["Where can I park? or walk"],
    );
  });
  steps.push(hearing(2, "wait", 3000), report(1, "Where can I park?", "Behind", { interrupted: true }));
  await captioned(steps, async (page) => {
    assert.deepEqual(await wordsOf(page, "caller"), ["Where can I park?", "wait"]);
  });
});

test("a cut reply whose words are not known is marked all the same", async () => {
  const steps = [
    hearing(1, "hello", 500),
    ["agentStarts"],
    report(1, "Hello.", "This is", { interrupted: true }),
  ];
  await captioned(steps, async (page) => {
    assert.match((await wordsOf(page, "agent"))[0], /^This is — .*not heard$/);
  });
});

test("pieces are shown as they begin", async () => {
  const steps = [hearing(1, "hello", 500), ["prepare", "One."], ["prepare", "Two."], ["begin", 0]];
  await captioned(steps, async (page) => {
    assert.deepEqual(
      (await wordsOf(page, "agent")).map((words) => words.trim()),
      ["One."],
    );
  });
});

test("a listener's mm-hm does not become the next turn's words, and the agent's line stays one", async () => {
  const steps = [
    hearing(1, "what do you offer", 900),
    ["agentStarts"],
    hearing(2, "mm-hm", 2500),
    ["agentStarts"],
    report(1, "What do you offer?", "Cleanings and checkups."),
    hearing(3, "and whitening", 5000),
    ["agentStarts"],
    report(2, "And whitening?", "Three hundred dollars.", { speech_end_ms: 5200 }),
  ];
  await captioned(steps, async (page) => {
    assert.deepEqual(await wordsOf(page, "caller"), ["What do you offer?", "And whitening?"]);
    assert.deepEqual(await wordsOf(page, "agent"), ["Cleanings and checkups.", "Three hundred dollars."]);
  });
});

test("utterances of one turn stand on one line, and the next turn's stay where they are", async () => {
  const steps = [
    hearing(1, "my name is", 800),
    hearing(2, "Laura", 2200),
    ["agentStarts"],
    hearing(3, "wait", 4000),
    report(1, "My name is Laura.", "Thank", { speech_end_ms: 2500, interrupted: true }),
  ];
  await captioned(steps, async (page) => {
    assert.deepEqual(
      (await wordsOf(page, "caller")).map((words) => words.trim()),
      ["My name is Laura.", "wait"],
    );
  });
});
