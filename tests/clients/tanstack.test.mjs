// TanStack DB's Electric collection: optimistic writes that wait for their own transaction in the shape.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";

import { createCollection } from "@tanstack/db";
import { electricCollectionOptions } from "@tanstack/electric-db-collection";

import { createTask, mutate, newSession, tasksOf, until, updateTask } from "./timeloom.mjs";

const ending = new AbortController();
after(() => ending.abort());

/** A collection of a session's tasks whose writes go through the offline queue's door. */
function collect(session) {
  const waits = [];
  const send = async ({ transaction, collection }, operation, valueOf) => {
    const [mutation] = transaction.mutations;
    const txid = await mutate(operation, mutation.key, valueOf(mutation));
    const sent = performance.now();
    await collection.utils.awaitTxId(txid);
    waits.push(performance.now() - sent);
  };
  const collection = createCollection(
    electricCollectionOptions({
      id: session,
      shapeOptions: { ...tasksOf(session, { params: { columns: ["id", "title", "session_id"] } }), signal: ending.signal },
      getKey: (row) => row.id,
      onInsert: (how) => send(how, "INSERT", ({ modified }) => ({ title: modified.title, sessionId: session })),
      onUpdate: (how) => send(how, "UPDATE", ({ changes }) => changes),
      onDelete: (how) => send(how, "DELETE", () => undefined),
    }),
  );
  return { collection, waits };
}

test("optimistic writes are confirmed by their transaction's id", async (context) => {
  const session = newSession();
  const { collection, waits } = collect(session);
  await collection.preload();
  const id = randomUUID();

  await collection.insert({ id, title: "written here", session_id: session }).isPersisted.promise;
  assert.equal(collection.get(id).title, "written here");
  await collection.update(id, (draft) => void (draft.title = "changed here")).isPersisted.promise;
  assert.equal(collection.get(id).title, "changed here");
  await collection.delete(id).isPersisted.promise;
  assert.equal(collection.has(id), false);
  const figures = waits.map((wait) => `${wait.toFixed(0)} ms`).join(", ");
  context.diagnostic(`waited for the transactions of an insertion, an update and a deletion: ${figures}`);
});

test("a write that the server refuses is taken back", async () => {
  const session = newSession();
  const { collection } = collect(session);
  await collection.preload();
  const id = randomUUID();
  const written = collection.insert({ id, title: "x".repeat(501), session_id: session });
  assert.equal(collection.get(id).title.length, 501);
  await assert.rejects(written.isPersisted.promise, /title/);
  assert.equal(collection.has(id), false);
});

test("what others write appears in the collection", async () => {
  const session = newSession();
  const before = await createTask(session, { title: "theirs" });
  const { collection } = collect(session);
  await collection.preload();
  assert.deepEqual(collection.toArray.map((row) => row.title), ["theirs"]);
  await updateTask(before.id, { title: "theirs, changed" });
  await until(() => collection.get(before.id).title === "theirs, changed", "the update");
});
