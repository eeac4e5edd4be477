// pglite-sync: a shape as a table of a PostgreSQL in the client.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import { electricSync } from "@electric-sql/pglite-sync";

import { createTask, deleteTask, newSession, tasksOf, until, updateTask } from "./timeloom.mjs";

const COLUMNS = ["id", "title", "status", "has_changes", "tags", "version"];
let database;

before(async () => {
  database = await PGlite.create({ extensions: { electric: electricSync() } });
});
after(() => database.close());

/** Makes a table and keeps a session's tasks in it. */
async function sync(table, session, options = {}) {
  await database.exec(
    `CREATE TABLE ${table} (id uuid PRIMARY KEY, title text, status text, has_changes boolean, tags text[], version integer)`,
  );
  const shape = tasksOf(session, { params: { columns: COLUMNS, replica: "full" } });
  return database.electric.syncShapeToTable({ shape, table, primaryKey: ["id"], shapeKey: null, ...options });
}

async function rows(table) {
  return (await database.query(`SELECT title, status, has_changes, tags, version FROM ${table} ORDER BY title`)).rows;
}

for (const initialInsertMethod of ["insert", "json"]) {
  test(`a table follows the shape, filled by ${initialInsertMethod}`, async () => {
    const table = `tasks_by_${initialInsertMethod}`;
    const session = newSession();
    const first = await createTask(session, { title: "first", status: "PENDING", tags: ["x"] });
    const second = await createTask(session, { title: "second", status: "PENDING" });
    const kept = await sync(table, session, { initialInsertMethod });
    await until(async () => (await rows(table)).length === 2, "the snapshot");

    await updateTask(first.id, { title: "first, again", hasChanges: true });
    await deleteTask(second.id);
    await createTask(session, { title: "third", status: "IN_PROGRESS" });
    const isThere = async () => {
      const titles = (await rows(table)).map((row) => row.title);
      return titles.join() === "first, again,third";
    };
    await until(isThere, "the changes");
    assert.deepEqual(await rows(table), [
      { title: "first, again", status: "PENDING", has_changes: true, tags: ["x"], version: 2 },
      { title: "third", status: "IN_PROGRESS", has_changes: false, tags: [], version: 1 },
    ]);
    kept.unsubscribe();
  });
}
