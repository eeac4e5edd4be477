import "fake-indexeddb/auto";
import { waitFor } from "@testing-library/react";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import {
  type Collections,
  KeptRows,
  MutationRefusedError,
  openCollections,
  type TableName,
} from "../../src/collections/index.js";
import { type OfflineQueue, openOfflineQueue, randomId } from "../../src/offline/index.js";
import { connect, unique } from "./gateway.js";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Opened {
  readonly collections: Collections;
  readonly queue: OfflineQueue;
  /** Follows the shapes of tables, and waits until their rows are there. */
  readonly follow: (...names: readonly TableName[]) => Promise<void>;
  /** Closes the page; what waits stays in the browser. */
  readonly close: () => Promise<void>;
}

/** A page of a browser that knows a project by a name. */
async function openPage(browser: string): Promise<Opened> {
  const timeloom = connect();
  const queue = await openOfflineQueue({ timeloom, project: browser, userId: "ann" });
  const kept = new KeptRows(browser);
  const collections = openCollections({ timeloom, queue, kept });
  const followed: Array<{ unsubscribe: () => void }> = [];
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    for (const each of followed) each.unsubscribe();
    await kept.settled();
    collections.close();
    queue.close();
    await kept.close();
  };
  onTestFinished(close);
  const follow = async (...names: readonly TableName[]) => {
    for (const name of names) followed.push(collections[name].subscribeChanges(() => undefined));
    await Promise.all(names.map((name) => collections[name].stateWhenReady()));
  };
  return { collections, queue, follow, close };
}

/** What the browser says of the network. */
function setOnline(isOnline: boolean): void {
  vi.spyOn(globalThis.navigator, "onLine", "get").mockReturnValue(isOnline);
}

/** A task as a form makes it. */
function taskOf(id: string, title: string) {
  return { id, title, tags: [], messages: [] } as unknown as Parameters<Collections["tasks"]["insert"]>[0];
}

test("what agents do and remember comes into collections", async () => {
  const { rest } = connect();
  const { collections, follow } = await openPage(unique("browser"));
  await follow("executions", "memories");
  const agentId = unique("agent");
  const { data: execution } = await rest.POST("/api/agent-executions", {
    body: { agentId, tags: ["shown"] },
  });
  const executionId = execution?.id ?? "";
  await waitFor(() =>
    expect(collections.executions.get(executionId)).toMatchObject({
      agentId,
      tags: ["shown"],
      status: "RUNNING",
      endTime: null,
    }),
  );
  const { data: ended } = await rest.POST("/api/agent-executions/{executionId}:complete", {
    params: { path: { executionId } },
    body: { status: "SUCCEEDED" },
  });
  await waitFor(() => expect(collections.executions.get(executionId)?.status).toBe("SUCCEEDED"));
  const seen = collections.executions.get(executionId);
  expect(Date.parse(seen?.endTime ?? "")).toBe(Date.parse(ended?.endTime ?? "never"));

  const namespace = `agent/${agentId}`;
  const { data: memory } = await rest.POST("/api/agent-memory", {
    body: { namespace, content: "Ann drinks tea.", importance: 7 },
  });
  const memoryId = memory?.id ?? "";
  await waitFor(() =>
    expect(collections.memories.get(memoryId)).toMatchObject({ namespace, importance: 7, archived: false }),
  );
  await rest.DELETE("/api/agent-memory/{memoryId}", { params: { path: { memoryId } } });
  await waitFor(() => expect(collections.memories.has(memoryId)).toBe(false));
});

test("preferences and conversations are written through the queue, and are the server's then", async () => {
  const { rest } = connect();
  const { collections, queue, follow } = await openPage(unique("browser"));
  await follow("preferences", "agentSessions");
  const key = unique("theme");
  const [preferenceId, agentSessionId] = [randomId(), randomId()];
  const { preferences, agentSessions } = collections;
  const preference = { id: preferenceId, userId: "ann", key, value: { dark: true } };
  await preferences.insert(preference as never).isPersisted.promise;
  const session = { id: agentSessionId, userId: "ann", agentId: "helper", type: "CHAT", title: "Hello" };
  await agentSessions.insert(session as never).isPersisted.promise;
  await preferences.update(preferenceId, (draft) => void Object.assign(draft, { value: { dark: false } }))
    .isPersisted.promise;
  expect(queue.state).toMatchObject({ pending: [], failed: [], conflicts: [] });
  const { data } = await rest.GET("/api/preferences", { params: { query: { key } } });
  expect(data?.preferences).toMatchObject([{ id: preferenceId, userId: "ann", value: { dark: false } }]);
  const path = { agentSessionId };
  const kept = await rest.GET("/api/agent-sessions/{agentSessionId}", { params: { path } });
  expect(kept.data).toMatchObject({ title: "Hello", type: "CHAT", agentId: "helper" });
  expect(preferences.get(preferenceId)).toMatchObject({ key, value: { dark: false } });
  expect(agentSessions.get(agentSessionId)).toMatchObject({ title: "Hello", version: 1 });
});

test("a change without a network is shown, outlives the page, and is sent once the network is back", async () => {
  const { rest } = connect();
  const browser = unique("browser");
  const known = randomId();
  const before = await openPage(browser);
  await before.follow("tasks");
  await before.collections.tasks.insert(taskOf(known, "Known")).isPersisted.promise;
  setOnline(false);
  const id = randomId();
  before.collections.tasks.insert(taskOf(id, "Water the plants")).isPersisted.promise.catch(() => undefined);
  await waitFor(() => expect(before.queue.state.pending).toHaveLength(1));
  before.collections.tasks
    .update(id, (draft) => void Object.assign(draft, { title: "Water the roses" }))
    .isPersisted.promise.catch(() => undefined);
  await waitFor(() => expect(before.queue.state.pending).toHaveLength(2));
  expect(before.collections.tasks.get(id)?.title).toBe("Water the roses");
  await before.close();

  const after = await openPage(browser);
  expect(after.queue.state).toMatchObject({ status: "offline", isDurable: true });
  await after.follow("tasks");
  await waitFor(() => expect(after.collections.tasks.get(id)?.title).toBe("Water the roses"));
  expect(after.collections.tasks.get(known)?.title).toBe("Known");
  const params = { path: { taskId: id } };
  await expect(rest.GET("/api/tasks/{taskId}", { params })).rejects.toMatchObject({ status: 404 });

  setOnline(true);
  await after.queue.flush();
  expect(after.queue.state).toMatchObject({ status: "idle", pending: [], failed: [] });
  const { data } = await rest.GET("/api/tasks/{taskId}", { params });
  expect(data?.title).toBe("Water the roses");
  await waitFor(() => expect(after.collections.tasks.get(id)?.version).toBe(2));
});

test("two browsers that changed the same leave it to a person, where the policy says so", async () => {
  const { rest } = connect();
  const table = { params: { path: { table: "preferences" } } };
  await rest.PUT("/api/sync/policies/{table}", { ...table, body: { policy: "MANUAL" } });
  onTestFinished(async () => {
    await rest.PUT("/api/sync/policies/{table}", { ...table, body: { policy: "LAST_WRITE_WINS" } });
  });
  const [one, other] = [await openPage(unique("browser")), await openPage(unique("browser"))];
  await one.follow("preferences", "syncConflicts");
  await other.follow("preferences");
  const id = randomId();
  const row = { id, userId: "ann", key: unique("theme"), value: "light" };
  await one.collections.preferences.insert(row as never).isPersisted.promise;
  await waitFor(() => expect(other.collections.preferences.has(id)).toBe(true));
  const set = (page: Opened, value: string) =>
    page.collections.preferences.update(id, (draft) => void Object.assign(draft, { value })).isPersisted
      .promise;
  setOnline(false);
  const [dark, sepia] = [set(one, "dark"), set(other, "sepia")];
  sepia.catch(() => undefined);
  await waitFor(() =>
    expect([one.queue.state.pending.length, other.queue.state.pending.length]).toEqual([1, 1]),
  );
  setOnline(true);
  await one.queue.flush();
  await dark;
  await other.queue.flush();
  await expect(sepia).rejects.toThrow(MutationRefusedError);
  await waitFor(() =>
    expect(other.queue.state.conflicts).toMatchObject([{ outcome: "CONFLICT", mutation: { recordId: id } }]),
  );
  const conflictId = other.queue.state.conflicts[0]?.conflictId ?? "";
  await waitFor(() =>
    expect(one.collections.syncConflicts.get(conflictId)).toMatchObject({ recordId: id, status: "OPEN" }),
  );
  await rest.POST("/api/sync/conflicts/{conflictId}:resolve", {
    params: { path: { conflictId } },
    body: { choice: "CLIENT" },
  });
  await waitFor(() => expect(other.collections.preferences.get(id)?.value).toBe("sepia"));
});

test("what the server cannot apply is told with the reason, and comes through once it is mended", async () => {
  const { rest } = connect();
  const { collections, queue, follow } = await openPage(unique("browser"));
  await follow("tasks");
  const id = randomId();
  const inserted = collections.tasks.insert(taskOf(id, "x".repeat(10_000))).isPersisted.promise;
  await expect(inserted).rejects.toThrow(/title/);
  expect(collections.tasks.has(id)).toBe(false);
  await waitFor(() =>
    expect(queue.state.failed).toMatchObject([{ outcome: "REJECTED", mutation: { recordId: id } }]),
  );
  await queue.retry(queue.state.failed[0]?.mutation.id ?? "", { title: "Short enough" });
  expect(queue.state.failed).toEqual([]);
  await waitFor(() => expect(collections.tasks.get(id)?.title).toBe("Short enough"));
  const { data } = await rest.GET("/api/tasks/{taskId}", { params: { path: { taskId: id } } });
  expect(data?.title).toBe("Short enough");
});
