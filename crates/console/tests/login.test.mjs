// Tries the login in a browser against the mock of the server (mock.mjs): the way in and back, what is wrong,
// what ends a session. OFFHOOK_PICTURES is a folder for screenshots. It must not know how the pages are made
// inside.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { picture } from "./browser.mjs";
import { onPage, PASSWORD, PHONE, sees, serverHas, startMock, stopMock, widthOf } from "./mock.mjs";

const LIVE = "/console/live.html";
const CALL = "/console/calls.html#call=3";

before(startMock);
after(stopMock);

async function logIn(page, password = PASSWORD) {
  await page.getByLabel("Password").waitFor();
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

test("who is not logged in logs in with the keyboard, and comes back to the same call", async () => {
  await onPage("login", CALL, async (page) => {
    const field = page.getByLabel("Password");
    await field.waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "password");
    assert.equal(await field.getAttribute("autocomplete"), "current-password");
    await picture(page, "login-light");
    await page.keyboard.type("something else");
    await page.keyboard.press("Enter");
    await sees(page, "The password is wrong.");
    await page.keyboard.type(PASSWORD); // over the wrong one, which is selected
    await page.keyboard.press("Enter");
    await page.locator(".waterfall").first().waitFor();
    assert.equal(new URL(page.url()).hash, "#call=3");
    const kept = await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]);
    assert.deepEqual(kept, [0, 0, ""], "no script can read the session");
    await page.reload();
    await page.locator(".waterfall").first().waitFor();
  });
});

test("too many attempts are told, and so is a server that is gone", async () => {
  await onPage("login", LIVE, async (page) => {
    for (let tries = 0; tries < 3; tries++) {
      await logIn(page, `wrong password ${tries}`);
      await sees(page, "The password is wrong.");
      await page.waitForFunction(() => !document.getElementById("enter").disabled);
    }
    await logIn(page);
    await sees(page, "Too many attempts. Try again in 30 s.");
    await page.route("**/console/login", (route) => route.abort());
    await logIn(page);
    await sees(page, "The server does not answer.");
  });
});

test("a session that is over leads to the login, and back", async () => {
  await onPage("login", LIVE, async (page) => {
    await logIn(page);
    await page.locator(".live").nth(2).waitFor();
    await serverHas("over");
    await logIn(page);
    await page.locator(".live").nth(2).waitFor();
    assert.equal(new URL(page.url()).pathname, LIVE);
  });
});

test("hanging up carries the token of the session, also after another tab began another one", async () => {
  await onPage("login", LIVE, async (page) => {
    await logIn(page);
    await page.locator(".live").nth(2).waitFor();
    const hangUp = async (left) => {
      await page.getByRole("button", { name: /^Hang up/ }).first().click();
      await page.getByRole("dialog").getByRole("button", { name: "Hang up" }).click();
      await page.locator(".live").nth(left).waitFor({ state: "detached" });
    };
    await hangUp(2);
    await serverHas("other");
    await hangUp(1);
    // Where no token is right, the page says so.
    await page.route("**/hangup", (route) => route.continue({ headers: { "X-CSRF-Token": "wrong" } }));
    await page.getByRole("button", { name: /^Hang up/ }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Hang up" }).click();
    await page.getByRole("button", { name: /^Hang up/ }).first().waitFor();
    assert.equal(await page.locator(".live").count(), 1);
  });
});

test("signing out ends the session, on each page", async () => {
  for (const path of [LIVE, "/"]) {
    await onPage("login", LIVE, async (page) => {
      await logIn(page);
      await page.locator(".live").nth(2).waitFor();
      await page.goto(new URL(path, page.url()).href);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Password").waitFor();
      await page.goto(new URL(LIVE, page.url()).href);
      await page.getByLabel("Password").waitFor();
    });
  }
});

test("the login leads to no other site, and names the token to people at the machine", async () => {
  await onPage("login", "/console/login.html?to=https://evil.example/", async (page) => {
    await logIn(page);
    await page.waitForURL((url) => url.pathname === "/");
  });
  await onPage("login", "/console/login.html?to=//evil.example", async (page) => {
    await page.getByRole("link", { name: "use the administrator’s token" }).click();
    await page.getByLabel("The administrator’s token").waitFor();
  });
  await onPage("full", "/console/login.html", async (page) => sees(page, "set admin.password"));
});

test("the login on a telephone, in both schemes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await onPage(
      "login",
      LIVE,
      async (page) => {
        await logIn(page, "wrong");
        await sees(page, "The password is wrong.");
        await picture(page, `login-phone-${colorScheme}`);
        assert.equal(await widthOf(page), 360, "no scrolling to the side");
      },
      { ...PHONE, colorScheme },
    );
  }
});
