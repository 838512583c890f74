// Tries parts of the console that need no call: the resampler, who has the floor, and the figures of a call.
// They are imported inside the page, as the browser has them. It must not know the rest of the page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { URL_OF_PAGE, withPage } from "./browser.mjs";

/** Runs `inside` in the page; it imports what it tries. */
async function inPage(inside, given) {
  let result;
  await withPage({}, async (page) => {
    await page.goto(URL_OF_PAGE);
    result = await page.evaluate(inside, given);
  });
  return result;
}

/** A sine through the resampler in blocks: how loud it comes out, and how many samples. */
const throughResampler = ({ from, to, hertz, block }) =>
  inPage(
    async ({ from, to, hertz, block }) => {
      const { Resampler } = await import("/console/resampler.js");
      const resampler = new Resampler(from, to);
      const input = Float32Array.from({ length: from }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / from));
      const output = [];
      for (let at = 0; at < input.length; at += block) {
        output.push(...resampler.convert(input.subarray(at, at + block)));
      }
      const middle = output.slice(Math.round(to / 4), Math.round((3 * to) / 4));
      const rms = Math.sqrt(middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length);
      return { count: output.length, gainDb: 20 * Math.log10(rms * Math.SQRT2 + 1e-9) };
    },
    { from, to, hertz, block },
  );

for (const [from, to] of [
  [48000, 16000],
  [44100, 16000],
  [16000, 48000],
  [16000, 44100],
  [16000, 16000],
]) {
  test(`the resampler keeps a tone and its length from ${from} to ${to}`, async () => {
    const { count, gainDb } = await throughResampler({ from, to, hertz: 1000, block: 128 });
    assert.ok(Math.abs(gainDb) < 0.1, `${gainDb} dB`);
    assert.ok(Math.abs(count - to) < to / 500, `${count} samples`);
  });
}

test("the resampler lets nothing fold back into speech", async () => {
  const { gainDb } = await throughResampler({ from: 48000, to: 16000, hertz: 12000, block: 128 });
  assert.ok(gainDb < -50, `${gainDb} dB`);
});

test("the floor passes from one to the other", async () => {
  const states = await inPage(async () => {
    const { Floor } = await import("/console/floor.js");
    const states = [];
    const floor = new Floor((state) => states.push(state));
    let now = 0;
    const pass = (ms, caller, agent) => {
      for (const end = now + ms; now < end; now += 20) {
        floor.caller(caller, now);
        floor.agent(agent, now);
      }
    };
    pass(500, 0, 0);
    pass(40, 0.2, 0); // a click
    pass(200, 0, 0);
    pass(800, 0.1, 0);
    floor.words(now);
    pass(300, 0, 0);
    pass(1000, 0, 0.1);
    pass(300, 0, 0); // between two sentences
    pass(400, 0, 0.1);
    pass(300, 0.1, 0.1); // the caller cuts in
    floor.words(now);
    floor.cut();
    pass(300, 0.1, 0);
    pass(7000, 0, 0);
    return states;
  });
  const expected = ["listening", "caller", "thinking", "speaking", "caller", "thinking", "listening"];
  assert.deepEqual(states, expected);
});

test("figures of a call without a summary come from its turns", async () => {
  const figures = await inPage(async () => {
    const { figuresOf } = await import("/console/summary.js");
    const turn = (heard, v2v_ms, interrupted = false) => ({ heard, v2v_ms, interrupted });
    return [
      figuresOf(null, [turn("", null), turn("a", 300), turn("b", 500, true), turn("c", 900)]),
      figuresOf(null, []),
    ];
  });
  assert.deepEqual(figures[0], {
    duration: null,
    turns: 3,
    median: 500,
    longest: 900,
    interruptions: 1,
    errors: [],
  });
  assert.equal(figures[1].median, null);
});

test("the player has no gaps, returns marks when they are heard, and is silent after a clear", async () => {
  const result = await inPage(async () => {
    const { Player } = await import("/console/player.js");
    const context = new OfflineAudioContext(2, 48000, 48000);
    const marks = [];
    const player = await Player.open(context, 16000, () => {});
    const tone = (frame) =>
      Int16Array.from(
        { length: 320 },
        (_, n) => 16000 * Math.sin((2 * Math.PI * 400 * (320 * frame + n)) / 16000),
      );
    for (let frame = 0; frame < 25; frame++) player.play(tone(frame));
    player.after((heard) => marks.push(["a", heard, context.currentTime]));
    for (let frame = 25; frame < 50; frame++) player.play(tone(frame));
    player.after((heard) => marks.push(["b", heard, context.currentTime]));
    context.suspend(0.75).then(async () => {
      player.clear();
      await new Promise((resolve) => setTimeout(resolve, 200));
      context.resume();
    });
    await new Promise((resolve) => setTimeout(resolve, 200)); // the audio has reached the worklet
    const samples = (await context.startRendering()).getChannelData(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const steps = samples.slice(1).map((sample, n) => Math.abs(sample - samples[n]));
    const jump = (from, to) => Math.max(...steps.slice(48000 * from, 48000 * to));
    const loudest = (from, to) => Math.max(...samples.slice(48000 * from, 48000 * to));
    return {
      playing: jump(0.01, 0.74),
      cut: jump(0.74, 0.99),
      marks,
      before: loudest(0.1, 0.74),
      after: loudest(0.78, 1),
    };
  });
  const steepest = (2 * Math.PI * 400 * (16000 / 32768)) / 48000;
  assert.ok(result.playing < steepest * 1.05, `a jump of ${result.playing}; the tone's own is ${steepest}`);
  assert.ok(result.cut < steepest * 1.5, `a cut fades out: ${result.cut}`);
  assert.ok(result.before > 0.48 && result.after === 0, JSON.stringify(result));
  assert.deepEqual(
    result.marks.map(([name, heard]) => [name, heard]),
    [
      ["a", true],
      ["b", false],
    ],
  );
});
