// The export script in pages of other origins: one that Timeloom lets in, and one that it does not.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { call, url } from "./timeloom.mjs";

// The stack of these tests names the first of them in TIMELOOM_CORS_ORIGINS.
const ALLOWED = "http://desk.example";
const FOREIGN = "http://elsewhere.example";
const NOTES = 60;
const NOTE_CHARACTERS = 100_000;
// Browsers keep some five million characters for an origin.
const STORED_CHARACTERS = 4_900_000;
const MIGRATION_LIMIT_MS = 90_000;
const NOTICE_LIMIT_MS = 30_000;

let app;
let browser;

before(async () => {
  const page = `<!doctype html><title>Desk</title><h1>Desk</h1>`;
  const script = `<script src="${url}/migrate.js" data-app="desk"></script>`;
  app = createServer((request, response) => {
    response.setHeader("content-type", "text/html").end(page + (request.url === "/migrate" ? script : ""));
  });
  await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
  const rules = `MAP *.example 127.0.0.1:${app.address().port}`;
  const args = ["--no-sandbox", `--host-resolver-rules=${rules}`];
  browser = await chromium.launch({ executablePath: process.env.TIMELOOM_CHROMIUM, args });
});
after(async () => {
  await browser?.close();
  app?.closeAllConnections();
  app?.close();
});

/** Fills what localStorage takes, and puts still more into IndexedDB. */
async function fill(page) {
  await page.evaluate(
    async ({ notes, noteCharacters, storedCharacters }) => {
      localStorage.setItem("task-store", JSON.stringify({ state: { tasks: [{ id: "1", title: "The task" }] } }));
      localStorage.setItem("drawing", "x".repeat(storedCharacters));
      const opening = indexedDB.open("desk", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("notes");
      const database = await new Promise((resolve, reject) => {
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      const transaction = database.transaction("notes", "readwrite");
      for (let number = 0; number < notes; number += 1) {
        transaction.objectStore("notes").put({ text: `${number} `.repeat(noteCharacters / 3) }, number);
      }
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      database.close();
    },
    { notes: NOTES, noteCharacters: NOTE_CHARACTERS, storedCharacters: STORED_CHARACTERS },
  );
}

/** The script's panel in a page of an origin. */
async function openPanel(page, origin) {
  await page.goto(`${origin}/migrate`);
  const panel = page.getByRole("region", { name: "Migration to Timeloom" });
  await panel.getByText(/found/).waitFor();
  return panel;
}

async function submit(panel, label, key) {
  await panel.getByLabel("API key").fill(key);
  await panel.getByRole("button", { name: label }).click();
}

test("a large browser's data comes over from another origin, without a network for a while, and through a reload", async () => {
  const context = await browser.newContext({ colorScheme: "dark", viewport: { width: 340, height: 560 } });
  const page = await context.newPage();
  await page.goto(ALLOWED);
  await fill(page);
  const panel = await openPanel(page, ALLOWED);
  const box = await panel.boundingBox();
  assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 340 && box.y + box.height <= 560, JSON.stringify(box));

  await submit(panel, "Migrate", process.env.TIMELOOM_READ_KEY);
  await panel.getByRole("alert").getByText(/scope/i).waitFor({ timeout: NOTICE_LIMIT_MS });
  await panel.getByText("The migration could not begin.").waitFor();
  const focused = await panel.evaluate((section) => section.getRootNode().activeElement?.type);
  assert.equal(focused, "password");

  const isPart = (answer) => answer.url().endsWith("/records") && answer.ok();
  const part = page.waitForResponse(isPart);
  await submit(panel, "Try again", process.env.TIMELOOM_API_KEY);
  await part;
  await context.setOffline(true);
  await panel.getByText(/Offline/).waitFor({ timeout: NOTICE_LIMIT_MS });
  const next = page.waitForResponse((answer) => answer.ok());
  await context.setOffline(false);
  await next;
  await page.reload();

  await panel.getByText("Done and verified").waitFor({ timeout: MIGRATION_LIMIT_MS });
  assert.equal(await panel.getByRole("alert").innerText(), "");
  assert.equal(await panel.getByRole("progressbar").getAttribute("aria-label"), "Progress of the migration");
  const { migrations } = await call("GET", "/api/migration");
  assert.deepEqual(
    migrations.map(({ status, recordCount, source }) => ({ status, recordCount, origin: source.origin })),
    [{ status: "SUCCEEDED", recordCount: 2 + NOTES, origin: ALLOWED }],
  );
  const { tasks } = await call("GET", "/api/tasks");
  assert.deepEqual(tasks.map(({ title }) => title), ["The task"]);
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "detached" });
  await context.close();
});

test("a page of an origin that is not let in says so, and what to do", async () => {
  const page = await browser.newPage();
  const panel = await openPanel(page, FOREIGN);
  await submit(panel, "Migrate", process.env.TIMELOOM_API_KEY);
  const said = `${url} does not answer pages of ${FOREIGN}: TIMELOOM_CORS_ORIGINS has to name it there.`;
  await panel.getByRole("alert").getByText(said).waitFor({ timeout: NOTICE_LIMIT_MS });
  await page.close();
});
