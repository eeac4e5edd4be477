// The export script in a real Chromium: what an app kept in it comes over, through a reload in the middle.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { call, url } from "./timeloom.mjs";

const TASKS = 200;
const ENVIRONMENTS = 20;
const NOTES = 400;
const NOTE_CHARACTERS = 12_000;
const APP = `${url}/desk/`;
const TOKEN = `ghp_${"Abc123dEf456".repeat(3)}`;
const MIGRATION_LIMIT_MS = 90_000;
// A page that lets nothing in but what comes from its own origin, as files.
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";
const PAGE = `<!doctype html><title>Desk</title><h1>Desk</h1>`;
const SCRIPT = `<script src="/migrate.js" data-app="desk" data-app-version="7"></script>`;

let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.TIMELOOM_CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** A tab of the app: its pages are answered here, everything else by Timeloom. */
async function openTab() {
  const page = await browser.newPage();
  await page.route(`${APP}**`, (route) => {
    const isMigrating = new URL(route.request().url()).searchParams.has("migrate");
    const headers = { "content-type": "text/html", "content-security-policy": POLICY };
    return route.fulfill({ headers, body: PAGE + (isMigrating ? SCRIPT : "") });
  });
  const complaints = [];
  // After a reload the script begins the same migration again, which the browser calls a failure.
  const isMeant = (text) => text.includes("status of 409");
  page.on("console", (message) => {
    if (message.type() === "error" && !isMeant(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** Fills the browser as the app does: most of it in localStorage, the large part in IndexedDB. */
async function fill(page) {
  await page.evaluate(
    async ({ tasks, environments, notes, noteCharacters, token }) => {
      const day = (number) => new Date(Date.UTC(2026, 0, 1) + number * 3_600_000).toISOString();
      const taskOf = (_, number) => ({
        id: `task-${number}`,
        title: number === 7 ? "Zoë’s “kůň” 🐎" : `Task ${number}`,
        description: `What task ${number} is about`,
        messages: [{ role: "user", type: "text", data: { text: "Do it, please. ".repeat(20) } }],
        status: ["IN_PROGRESS", "DONE", "MERGED", "PAUSED", "CANCELLED"][number % 5],
        branch: "main",
        sessionId: `session-${number % 9}`,
        repository: "desk/app",
        createdAt: day(number),
        updatedAt: day(number + 1),
        isArchived: number % 10 === 0,
        mode: number % 2 ? "code" : "ask",
        hasChanges: number % 3 === 0,
      });
      const environmentOf = (_, number) => ({
        id: `environment-${number}`,
        name: `Environment ${number}`,
        description: "Where agents work",
        githubOrganization: "desk",
        githubToken: token,
        githubRepository: `desk/app-${number}`,
        createdAt: day(0),
        updatedAt: day(1),
      });
      const keep = (key, value) => localStorage.setItem(key, JSON.stringify(value));
      keep("task-store", { state: { tasks: Array.from({ length: tasks }, taskOf) }, version: 2 });
      keep("environments", { state: { environments: Array.from({ length: environments }, environmentOf) }, version: 1 });
      keep("user-preferences", { theme: "dark", fontSize: 14 });
      keep("somebody-elses-key", { kept: true });
      localStorage.setItem("broken-json", '{"state": {"tasks": [');

      const opening = indexedDB.open("desk", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("notes", { keyPath: "id" });
      const database = await new Promise((resolve, reject) => {
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      const transaction = database.transaction("notes", "readwrite");
      for (let number = 0; number < notes; number += 1) {
        const text = String.fromCharCode(97 + (number % 26)).repeat(noteCharacters);
        transaction.objectStore("notes").put({ id: number, text, at: new Date(0), vector: new Float32Array([0.1, 0.2]) });
      }
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      database.close();
    },
    { tasks: TASKS, environments: ENVIRONMENTS, notes: NOTES, noteCharacters: NOTE_CHARACTERS, token: TOKEN },
  );
}

/** What is in the browser, as one text. */
async function snapshot(page) {
  return page.evaluate(() => JSON.stringify(Object.entries(localStorage).sort()));
}

/** Remembers what the page says of the progress, load by load. */
async function watchProgress(page) {
  const loads = [];
  await page.exposeFunction("tellProgress", (value) => loads.at(-1).push(value));
  await page.addInitScript(() => {
    window.addEventListener("timeloom-migration", ({ detail }) => window.tellProgress(detail.progress));
  });
  page.on("framenavigated", () => loads.push([]));
  return loads;
}

async function listAll(path, name) {
  const found = [];
  let token = "";
  do {
    const answer = await call("GET", `${path}?pageSize=100&pageToken=${encodeURIComponent(token)}`);
    found.push(...(answer[name] ?? []));
    token = answer.nextPageToken ?? "";
  } while (token);
  return found;
}

test("an app's data comes over with a visible progress, through a reload in the middle, and is verified", async () => {
  const { page, complaints } = await openTab();
  await page.goto(APP);
  await fill(page);
  const kept = await snapshot(page);
  const loads = await watchProgress(page);

  await page.goto(`${APP}?migrate`);
  const panel = page.getByRole("region", { name: "Migration to Timeloom" });
  await panel.getByText("records were found").waitFor();
  const seen = await panel.innerText();
  assert.match(seen, /task-store/);
  assert.match(seen, /look like secrets/);
  assert.ok(!seen.includes(TOKEN));

  await panel.getByPlaceholder("tl_…").fill(process.env.TIMELOOM_API_KEY);
  const isPart = (answer) => answer.url().endsWith("/records") && answer.ok();
  const parts = [page.waitForResponse(isPart)];
  await panel.getByRole("button", { name: "Migrate" }).click();
  await parts[0];
  await page.waitForResponse(isPart);
  const bar = panel.getByRole("progressbar", { name: "Progress of the migration" });
  const before = await bar.evaluate((element) => element.value);
  assert.ok(before > 0 && before < 0.55, `it was in the middle of the upload: ${before}`);
  await page.reload();

  await panel.getByText("Done and verified").waitFor({ timeout: MIGRATION_LIMIT_MS });
  assert.equal(await bar.evaluate((element) => element.value), 1);
  const told = loads.filter((load) => load.length);
  assert.equal(told.length, 2);
  for (const load of told) assert.deepEqual(load, [...load].sort((a, b) => a - b));
  assert.ok(told[1][0] > 0.15, `it went on where it was: ${told[1][0]}`);
  assert.equal(told[1].at(-1), 1);
  assert.ok(!(await panel.innerText()).includes(TOKEN));

  const tasks = await listAll("/api/tasks", "tasks");
  assert.equal(tasks.length, TASKS);
  assert.ok(tasks.some((task) => task.title === "Zoë’s “kůň” 🐎"));
  const environments = await listAll("/api/environments", "environments");
  assert.equal(environments.length, ENVIRONMENTS);
  assert.deepEqual(new Set(environments.map((each) => each.secretNames.length)), new Set([1]));
  const migrations = await listAll("/api/migration", "migrations");
  assert.deepEqual(migrations.map((each) => each.status), ["SUCCEEDED"]);
  assert.ok(!JSON.stringify([tasks, environments, migrations]).includes(TOKEN));

  assert.equal(await snapshot(page), kept, "what the app keeps is as it was");
  const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  assert.deepEqual(databases, ["desk"]);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  assert.deepEqual(complaints, []);
});
