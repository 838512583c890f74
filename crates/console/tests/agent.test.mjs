// Tries the page Agent: changes with checks, what will be saved, saving, a file that changes meanwhile, and
// Talk with what is not saved. Against the mock of the server (mock.mjs). It must not know how it is made.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { picture } from "./browser.mjs";
import { onPage, PHONE, sees, startMock, stopMock, tabTo, TOKEN, widthOf } from "./mock.mjs";

const AGENT = "/console/agent.html";
const GREETING = "What it says first";

before(startMock);
after(stopMock);

const text = (page, what) => page.locator(what).innerText();
const greeting = (page) => page.getByRole("textbox", { name: GREETING });

test("a change is shown, checked beside its field, saved, and then no change any more", async () => {
  await onPage("full", AGENT, async (page) => {
    await greeting(page).fill("Hello, this is the bakery.");
    await sees(page, "1 change not saved.");
    const shown = await text(page, "#differences");
    assert.match(shown, /Green Street[^]*this is the bakery[^]*new calls, at once/);
    await picture(page, "agent-changed-light");
    await page.getByText("When the caller has finished").click();
    const silence = page.getByRole("textbox", { name: "Silence after a complete sentence" });
    await silence.fill("5");
    await page.getByText("When the caller has finished").click(); // an error opens it again
    await page.getByRole("button", { name: "Save" }).click();
    await sees(page, "1 setting cannot be used. Nothing was saved.");
    await sees(page, "This cannot be used: 5: allowed is a whole number from 100 to 5000.");
    assert.equal(await silence.getAttribute("aria-invalid"), "true");
    assert.ok(await silence.evaluate((element) => element === document.activeElement));
    const described = await silence.getAttribute("aria-describedby");
    assert.match(await text(page, `#${described.split(" ")[0]}`), /cannot be used/);
    await picture(page, "agent-wrong-light");
    await silence.fill("300");
    await page.getByRole("button", { name: "Check" }).click();
    await sees(page, "All is right. 2 changes not saved.");
    await page.getByRole("textbox", { name: "Speed of the voice" }).fill("1,2");
    await page.getByRole("button", { name: "Save" }).click();
    await sees(page, "Saved. New calls have it. The voice takes effect after a restart.");
    await sees(page, "The saved voice is another one");
    assert.ok(await page.locator("#changes").isHidden());
    assert.equal(await greeting(page).inputValue(), "Hello, this is the bakery.");
    assert.equal(await page.getByRole("textbox", { name: "Speed of the voice" }).inputValue(), "1.2");
  });
});

test("the tools are there to be read, with servers that cannot be asked", async () => {
  await onPage("full", AGENT, async (page) => {
    await sees(page, "Write a message down.");
    const shown = await text(page, "#tools");
    assert.match(shown, /take_message writes it down in the records/);
    assert.match(shown, /now asks an MCP server \(clock\)/);
    assert.match(shown, /The server of tools shop cannot be asked: exit status: 3/);
    assert.ok(await page.locator("#no-tools").isHidden());
    assert.equal(await page.locator("#tools :is(input, button)").count(), 0);
  });
  await onPage("empty", AGENT, (page) => sees(page, "It has none."));
});

test("a file that changed meanwhile is not overwritten, and the changes are kept", async () => {
  await onPage("conflict", AGENT, async (page) => {
    await greeting(page).fill("Mine.");
    await page.getByRole("button", { name: "Save" }).click();
    await sees(page, "the file has changed meanwhile");
    await page.getByRole("button", { name: "Load the file again" }).click();
    await page.locator("#again").waitFor({ state: "hidden" });
    assert.equal(await greeting(page).inputValue(), "Mine.");
    await page.getByRole("button", { name: "Save" }).click();
    await sees(page, "Saved. New calls have it.");
  });
});

test("unsaved changes are tried in Talk, which says so, and are there on the way back", async () => {
  await onPage("full", AGENT, async (page) => {
    await greeting(page).fill("Unsaved hello.");
    await page.getByText("When the caller has finished").click();
    const silence = page.getByRole("textbox", { name: "Silence after a complete sentence" });
    await silence.fill("5");
    await page.getByRole("button", { name: "Try in Talk" }).click();
    await sees(page, "1 setting cannot be used. Nothing can be tried.");
    await silence.fill("300");
    await page.getByRole("textbox", { name: "Speed of the voice" }).fill("1.2"); // is not tried
    await page.getByRole("button", { name: "Try in Talk" }).click();
    await sees(page, "You are trying unsaved changes");
    await sees(page, "what it knows, what it says first and 1 other setting, in your calls here only.");
    const ticket = await page.evaluate(async () => (await import("/console/trial.js")).trialTicket());
    assert.equal(ticket, "ticket-1");
    const tried = await page.evaluate(async () => (await import("/console/api.js")).getJson("/tried"));
    assert.deepEqual(tried, { "endpoint.complete_ms": 300 });
    const start = await page.evaluate(async () => (await import("/console/choices.js")).chosen());
    assert.equal(start.agent.greeting, "Unsaved hello.");
    assert.match(start.agent.system_prompt, /^You are the front desk/);
    await picture(page, "agent-talk-light");
    await page.getByRole("link", { name: "Back to the Agent page" }).click();
    await sees(page, "3 changes not saved.");
    assert.equal(await greeting(page).inputValue(), "Unsaved hello.");
    await page.getByRole("button", { name: "Undo all" }).click();
    await page.getByRole("navigation").getByRole("link", { name: "Talk" }).click();
    await page.getByRole("button", { name: "Stop trying them" }).click();
    const none = await page.evaluate(async () => (await import("/console/choices.js")).chosen());
    assert.deepEqual(none, {});
    assert.equal(await page.evaluate(async () => (await import("/console/trial.js")).trialTicket()), "");
  });
});

test("with the keyboard alone, and with a token", async () => {
  await onPage("token", AGENT, async (page) => {
    await page.getByLabel("The administrator’s token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await greeting(page).waitFor();
    await tabTo(page, greeting(page));
    await page.keyboard.type("Hi. ");
    await tabTo(page, page.getByRole("button", { name: `Undo: ${GREETING}` }), 200);
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("#changes").isHidden());
    assert.ok(await greeting(page).evaluate((element) => element === document.activeElement));
  });
});

test("hostile words, on a telephone, in both schemes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const what of ["hostile", "full"]) {
      await onPage(
        what,
        AGENT,
        async (page) => {
          await greeting(page).fill(what === "full" ? "Hello." : `<img src=x>${"z".repeat(200)}`);
          await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
          await picture(page, `agent-phone-${what}-${colorScheme}`);
          await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
          await picture(page, `agent-phone-end-${what}-${colorScheme}`);
          assert.equal(await widthOf(page), 360, "no scrolling to the side");
          assert.equal(await page.locator("main :is(img, script)").count(), 0);
          assert.doesNotMatch(await page.title(), /hacked|1/);
          await page.getByRole("button", { name: "Undo all" }).click();
        },
        { ...PHONE, colorScheme },
      );
    }
  }
});
