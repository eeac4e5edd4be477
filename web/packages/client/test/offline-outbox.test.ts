import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrowserOutbox } from "../src/offline/browser-outbox.js";
import { openDatabase } from "../src/offline/database.js";
import { memoryOutbox } from "../src/offline/memory-outbox.js";
import {
  FAILED_MAX,
  type FailedMutation,
  MUTATION_CHARACTERS_MAX,
  type Mutation,
  OutboxFullError,
  type OutboxStorage,
  PENDING_MAX,
} from "../src/offline/outbox.js";

const NOW_MS = 1_795_456_378_360;
const draft = (id: string, value: Record<string, unknown> = { title: id }) => ({
  id,
  table: "tasks",
  operation: "UPDATE" as const,
  recordId: "6f2f7a52-0000-4000-8000-000000000001",
  value,
  baseClock: "",
  userId: "",
});
const failure = (mutation: Mutation, time: string): FailedMutation => ({
  mutation,
  outcome: "REFUSED",
  reason: "no",
  conflictId: "",
  deadLetterId: "",
  time,
});

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
});
afterEach(() => vi.unstubAllGlobals());

async function inBrowser(): Promise<OutboxStorage> {
  const database = await openDatabase("a project");
  if (database === null) throw new Error("no database");
  return new BrowserOutbox(database);
}

describe.each([
  ["memory", async () => memoryOutbox()],
  ["the browser", inBrowser],
])("an outbox in %s", (_name, open) => {
  it("keeps mutations in their order, each with a later clock", async () => {
    const outbox = await open();
    const made = [];
    for (const id of ["c", "a", "b"]) made.push(await outbox.add(draft(id), NOW_MS));
    const { clientId, pending } = await outbox.read();
    expect(pending.map(({ mutation }) => mutation)).toEqual(made);
    expect(made.map(({ id }) => id)).toEqual(["c", "a", "b"]);
    expect(made.map(({ clock }) => clock)).toEqual(
      [0, 1, 2].map((counter) => `00${NOW_MS}-00000${counter}-${clientId}`),
    );
  });

  it("goes on from the server's clock, and forgets what was answered", async () => {
    const outbox = await open();
    await outbox.add(draft("one"), NOW_MS);
    const left = await outbox.add(draft("two"), NOW_MS);
    const clock = `00${NOW_MS + 60_000}-000005-server`;
    await outbox.settle({ ids: ["one", "unknown"], failed: [], clock, time: "2026-11-24T00:00:00Z" });
    const next = await outbox.add(draft("three"), NOW_MS);
    const { pending, sentTime } = await outbox.read();
    expect(pending.map(({ mutation }) => mutation)).toEqual([left, next]);
    expect(next.clock > clock).toBe(true);
    expect(sentTime).toBe("2026-11-24T00:00:00Z");
  });

  it("remembers what failed, the newest first and not without end", async () => {
    const outbox = await open();
    const mutation = await outbox.add(draft("one"), NOW_MS);
    const failed = Array.from({ length: FAILED_MAX + 1 }, (_, index) =>
      failure({ ...mutation, id: `${index}` }, new Date(NOW_MS + index).toISOString()),
    );
    await outbox.settle({ ids: ["one"], failed, clock: "", time: "" });
    const found = (await outbox.read()).failed;
    expect(found.map((each) => each.mutation.id)).toEqual(
      failed
        .slice(1)
        .reverse()
        .map((each) => each.mutation.id),
    );
    await outbox.remove([`${FAILED_MAX}`]);
    expect((await outbox.read()).failed).toHaveLength(FAILED_MAX - 1);
  });

  it("forgets what is discarded", async () => {
    const outbox = await open();
    await outbox.add(draft("one"), NOW_MS);
    await outbox.add(draft("two"), NOW_MS);
    await outbox.remove(["one"]);
    expect((await outbox.read()).pending.map(({ mutation }) => mutation.id)).toEqual(["two"]);
  });

  it("takes no more than there is room for", async () => {
    const outbox = await open();
    const large = draft("large", { title: "x".repeat(MUTATION_CHARACTERS_MAX) });
    await expect(outbox.add(large, NOW_MS)).rejects.toThrow(OutboxFullError);
    for (let index = 0; index < PENDING_MAX; index += 1) await outbox.add(draft(`${index}`), NOW_MS);
    await expect(outbox.add(draft("one more"), NOW_MS)).rejects.toThrow(OutboxFullError);
    expect((await outbox.read()).pending).toHaveLength(PENDING_MAX);
  });
});

it("is one outbox for all tabs of a browser", async () => {
  const [one, other] = await Promise.all([inBrowser(), inBrowser()]);
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).add(draft(`${index}`), NOW_MS)),
  );
  const [here, there] = await Promise.all([one.read(), other.read()]);
  expect(here).toEqual(there);
  const clocks = here.pending.map(({ mutation }) => mutation.clock);
  expect(clocks).toEqual([...clocks].sort());
  expect(new Set(clocks).size).toBe(made.length);
});
