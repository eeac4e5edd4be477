// @electric-sql/client: what its users do, one by one.

import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { after, test } from "node:test";

import { FetchError, Shape, ShapeStream, isChangeMessage, isControlMessage } from "@electric-sql/client";

import { call, createTask, deleteTask, newSession, tasksOf, until, updateTask } from "./timeloom.mjs";

const ending = new AbortController();
setMaxListeners(0, ending.signal);
after(() => ending.abort());

/** A stream that remembers every message that it got. */
function follow(options) {
  const stream = new ShapeStream({ signal: ending.signal, ...options });
  const messages = [];
  stream.subscribe((batch) => messages.push(...batch));
  const changes = (operation) =>
    messages.filter((each) => isChangeMessage(each) && each.headers.operation === operation);
  const upToDate = () =>
    until(() => messages.some((each) => isControlMessage(each) && each.headers.control === "up-to-date"));
  return { stream, messages, changes, upToDate };
}

for (const liveSse of [false, true]) {
  const way = liveSse ? "server-sent events" : "long polls";

  test(`insertions, updates and deletions come by ${way}`, async () => {
    const session = newSession();
    const first = await createTask(session, { title: "first" });
    const shape = new Shape(new ShapeStream({ ...tasksOf(session, { liveSse }), signal: ending.signal }));
    assert.deepEqual((await shape.rows).map((row) => row.title), ["first"]);

    const second = await createTask(session, { title: "second" });
    await until(() => shape.currentRows.length === 2, "the insertion");
    await updateTask(first.id, { title: "first, again" });
    await until(() => shape.currentRows.some((row) => row.title === "first, again"), "the update");
    await deleteTask(second.id);
    await until(() => shape.currentRows.length === 1, "the deletion");
    assert.deepEqual(shape.currentRows.map((row) => [row.id, row.title]), [[first.id, "first, again"]]);
  });
}

test("server-sent events are used when they are asked for", async () => {
  const session = newSession();
  const types = new Set();
  const fetchClient = async (...request) => {
    const answer = await fetch(...request);
    if (String(request[0]).includes("live_sse=true")) types.add(answer.headers.get("content-type"));
    return answer;
  };
  const { upToDate, changes } = follow(tasksOf(session, { liveSse: true, fetchClient }));
  await upToDate();
  await createTask(session, { title: "told" });
  await until(() => changes("insert").length === 1, "the insertion");
  assert.deepEqual([...types].map((type) => type.split(";")[0]), ["text/event-stream"]);
});

test("a row moves into a shape as an insertion and out of it as a deletion", async () => {
  const session = newSession();
  const where = "session_id = $1 AND status = 'IN_PROGRESS'";
  const { upToDate, changes } = follow(tasksOf(session, { params: { where } }));
  const task = await createTask(session, { title: "moves", status: "PENDING" });
  await upToDate();

  await updateTask(task.id, { status: "IN_PROGRESS" });
  await until(() => changes("insert").length === 1, "the move in");
  assert.equal(changes("insert")[0].value.title, "moves");
  await updateTask(task.id, { status: "COMPLETED" });
  await until(() => changes("delete").length === 1, "the move out");
  assert.equal(changes("delete")[0].key, changes("insert")[0].key);
  assert.equal(changes("update").length, 0);
});

test("an update has what changed by default, and everything if the whole row is asked for", async () => {
  const session = newSession();
  const task = await createTask(session, { title: "before", description: "stays" });
  const partial = follow(tasksOf(session));
  const full = follow(tasksOf(session, { params: { replica: "full" } }));
  await Promise.all([partial.upToDate(), full.upToDate()]);

  await updateTask(task.id, { title: "after" });
  await until(() => partial.changes("update").length + full.changes("update").length === 2, "the update");
  const [changed] = partial.changes("update");
  assert.equal(changed.value.title, "after");
  assert.ok(!("description" in changed.value), JSON.stringify(changed.value));
  const [whole] = full.changes("update");
  assert.equal(whole.value.description, "stays");
  assert.equal(whole.old_value.title, "before");
});

test("only the columns that are asked for come", async () => {
  const session = newSession();
  await createTask(session, { title: "slim", description: "left out" });
  const { stream, changes, upToDate } = follow(tasksOf(session, { params: { columns: ["id", "title"] } }));
  await upToDate();
  assert.deepEqual(changes("insert").map((each) => Object.keys(each.value).sort()), [["id", "title"]]);
  assert.ok(stream.isUpToDate);
});

test("values arrive with their types, and unicode as it was", async () => {
  const session = newSession();
  const title = "Zoë said “žluťoučký kůň” 🐎 \\ ' \" \t end";
  await createTask(session, { title, hasChanges: true, tags: ["a,b", 'c"d', "{e}"], metadata: { n: [1, null] } });
  const { changes, upToDate } = follow(tasksOf(session));
  await upToDate();
  const [{ value }] = changes("insert");
  assert.equal(value.title, title);
  assert.equal(value.has_changes, true);
  assert.deepEqual(value.tags, ["a,b", 'c"d', "{e}"]);
  assert.deepEqual(value.metadata, { n: [1, null] });
  assert.equal(value.version, 1);
});

test("with changes_only nothing comes that was there before", async () => {
  const session = newSession();
  const old = await createTask(session, { title: "old" });
  const { changes, upToDate } = follow(tasksOf(session, { log: "changes_only" }));
  await upToDate();
  assert.equal(changes("insert").length, 0);
  await createTask(session, { title: "new" });
  await until(() => changes("insert").length === 1, "the insertion");
  await deleteTask(old.id);
  await createTask(session, { title: "newest" });
  await until(() => changes("insert").length === 2, "the second insertion");
  assert.deepEqual(changes("insert").map((each) => each.value.title), ["new", "newest"]);
});

test("a subset is fetched beside the changes", async () => {
  const session = newSession();
  for (const title of ["c", "a", "b"]) await createTask(session, { title });
  for (const method of ["GET", "POST"]) {
    const { stream, upToDate } = follow(tasksOf(session, { log: "changes_only" }));
    await upToDate();
    const { data } = await stream.fetchSnapshot({ where: "title > $1", params: { 1: "a" }, orderBy: "title ASC", limit: 1, method });
    assert.deepEqual(data.map((each) => each.value.title), ["b"]);
  }
});

test("a client that comes back goes on where it was", async () => {
  const session = newSession();
  const leaving = new AbortController();
  const before = follow({ ...tasksOf(session), signal: leaving.signal });
  await createTask(session, { title: "seen" });
  await before.upToDate();
  await until(() => before.changes("insert").length === 1, "the first insertion");
  const { shapeHandle: handle, lastOffset: offset } = before.stream;
  leaving.abort();

  await createTask(session, { title: "missed" });
  const again = follow({ ...tasksOf(session), handle, offset });
  await until(() => again.changes("insert").length === 1, "what was missed");
  assert.equal(again.changes("insert")[0].value.title, "missed");
});

test("a shape that is gone is fetched anew", async () => {
  const session = newSession();
  await createTask(session, { title: "kept" });
  const options = tasksOf(session);
  const { stream, messages, changes, upToDate } = follow(options);
  await upToDate();
  const handle = stream.shapeHandle;
  const query = new URLSearchParams({ table: "tasks", handle, where: options.params.where, "params[1]": session });
  const answer = await fetch(`${options.url}?${query}`, { method: "DELETE", headers: options.headers });
  assert.equal(answer.status, 202, await answer.text());

  await until(() => messages.some((each) => each.headers.control === "must-refetch"), "must-refetch");
  await until(() => changes("insert").length === 2, "the second snapshot");
  assert.notEqual(stream.shapeHandle, handle);
  await createTask(session, { title: "later" });
  await until(() => changes("insert").length === 3, "the insertion after it");
});

test("an execution appears when it is recorded, its steps are not told, and its end is", async () => {
  const agentId = newSession();
  const params = { table: "executions", where: "agent_id = $1", params: [agentId] };
  const { upToDate, changes } = follow(tasksOf(newSession(), { params }));
  await upToDate();

  const { id } = await call("POST", "/api/executions", { agentId, name: "a run" });
  await until(() => changes("insert").length === 1, "the execution");
  const { value } = changes("insert")[0];
  assert.deepEqual([value.id, value.status, value.end_time], [id, "RUNNING", null]);

  await call("POST", `/api/executions/${id}/snapshots`, { state: { step: 1 } });
  await call("POST", `/api/executions/${id}:complete`, { status: "SUCCEEDED", output: "done" });
  await until(() => changes("update").length > 0, "the end");
  const [update, ...others] = changes("update").map((each) => each.value);
  assert.deepEqual([Object.keys(update).sort(), update.status], [["end_time", "id", "status"], "SUCCEEDED"]);
  assert.deepEqual(others, []);
});

test("a wrong where clause is told to the client, with its reason", async () => {
  const errors = [];
  const onError = (error) => void errors.push(error);
  follow(tasksOf(newSession(), { params: { where: "title = pg_sleep(1)", params: [] }, onError }));
  await until(() => errors.length === 1, "the error");
  assert.ok(errors[0] instanceof FetchError);
  assert.equal(errors[0].status, 400);
  assert.ok(errors[0].json.errors.where, JSON.stringify(errors[0].json));
});

test("a wrong key is refused", async () => {
  const errors = [];
  const onError = (error) => void errors.push(error);
  follow(tasksOf(newSession(), { headers: { Authorization: "Bearer tl_wrong" }, onError }));
  await until(() => errors.length === 1, "the error");
  assert.equal(errors[0].status, 401);
});
