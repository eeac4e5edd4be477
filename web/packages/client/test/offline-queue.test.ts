import { afterEach, describe, expect, it, vi } from "vitest";
import { createTimeloom } from "../src/client.js";
import { memoryOutbox } from "../src/offline/memory-outbox.js";
import type { Mutation } from "../src/offline/outbox.js";
import { type OfflineQueue, openOfflineQueue, type QueueState } from "../src/offline/queue.js";
import { BACKOFF_MS_MAX, BATCH_CHARACTERS_MAX, backoffMs, batchOf } from "../src/offline/sending.js";

const RECORD = "6f2f7a52-0000-4000-8000-000000000001";
const SERVER_CLOCK = "001795456378360-000007-server";
const change = (title: string) => ({
  table: "tasks",
  operation: "UPDATE" as const,
  recordId: RECORD,
  value: { title },
});

type Answer = (mutations: readonly Mutation[]) => Response | Promise<Response>;

const open: OfflineQueue[] = [];
afterEach(() => {
  for (const queue of open.splice(0)) queue.close();
  vi.useRealTimers();
});

/** A queue whose requests are answered here, as a network with faults would. */
async function queueOf(...answers: readonly Answer[]) {
  const sent: string[][] = [];
  const timeloom = createTimeloom({
    url: "http://timeloom.test",
    apiKey: "tl_test",
    fetch: async (request) => {
      const { mutations } = (await request.json()) as { mutations: Mutation[] };
      sent.push(mutations.map(({ value }) => String(value?.title)));
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      if (answer === undefined) throw new TypeError("no network");
      return answer(mutations);
    },
  });
  const queue = await openOfflineQueue({ timeloom, project: "a project", storage: memoryOutbox() });
  open.push(queue);
  return { queue, sent };
}

const applied: Answer = (mutations) =>
  Response.json({
    clock: SERVER_CLOCK,
    results: mutations.map(({ id, value }) => ({
      mutationId: id,
      outcome: value?.title === "" ? "REJECTED" : "APPLIED",
      isRepeated: false,
      transactionId: 7,
      clock: SERVER_CLOCK,
      reason: value?.title === "" ? "title: is required" : "",
      conflictId: "",
      deadLetterId: value?.title === "" ? "a dead letter" : "",
    })),
  });
const lost: Answer = () => Promise.reject(new TypeError("no network"));
const status =
  (code: number): Answer =>
  () =>
    Response.json({ title: `no: ${code}` }, { status: code });

function until(queue: OfflineQueue, isSo: (state: QueueState) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSo(queue.state)) return;
      stop();
      resolve();
    };
    const stop = queue.subscribe(look);
    look();
  });
}

describe("a queue", () => {
  it("sends what waits in its order, and tells who asked", async () => {
    const { queue, sent } = await queueOf(applied);
    const made = await queue.add(change("one"));
    const answer = queue.answerTo(made.id);
    await queue.add(change("two"));
    await until(queue, ({ pending }) => pending.length === 0);
    expect(sent.flat()).toEqual(["one", "two"]);
    expect((await answer)?.transactionId).toBe(7);
  });

  it("tries again later, longer each time, and keeps the order", async () => {
    vi.useFakeTimers();
    const { queue, sent } = await queueOf(lost, status(503), applied);
    await queue.add(change("one"));
    await until(queue, (state) => state.status === "waiting");
    await queue.add(change("two"));
    await until(queue, (state) => state.status === "waiting" && sent.length === 2);
    await vi.advanceTimersByTimeAsync(BACKOFF_MS_MAX);
    await until(queue, ({ pending }) => pending.length === 0);
    expect(sent).toEqual([["one"], ["one", "two"], ["one", "two"]]);
    expect(queue.state).toMatchObject({ status: "idle", error: "" });
  });

  it("stops when nobody is signed in, and loses nothing", async () => {
    const { queue, sent } = await queueOf(status(401), applied);
    await queue.add(change("one"));
    await until(queue, (state) => state.status === "stopped");
    expect(queue.state.pending).toHaveLength(1);
    await queue.flush();
    expect(sent).toEqual([["one"], ["one"]]);
    expect(queue.state.pending).toEqual([]);
  });

  it("finds the mutation for which a batch is refused, and sends the others", async () => {
    const refusing: Answer = (mutations) =>
      mutations.some(({ value }) => value?.title === "bad") ? status(400)(mutations) : applied(mutations);
    let isThere = false;
    const { queue } = await queueOf((mutations) => (isThere ? refusing(mutations) : status(503)(mutations)));
    for (const title of ["one", "two", "bad", "three"]) await queue.add(change(title));
    isThere = true;
    await queue.flush();
    await until(queue, (state) => state.pending.length === 0);
    expect(queue.state.failed.map(({ mutation, outcome }) => [mutation.value, outcome])).toEqual([
      [{ title: "bad" }, "REFUSED"],
    ]);
  });

  it("shows what the server rejected, until it is discarded", async () => {
    const { queue } = await queueOf(applied);
    const { id } = await queue.add(change(""));
    await until(queue, ({ failed }) => failed.length === 1);
    expect(queue.state.failed[0]).toMatchObject({
      reason: "title: is required",
      deadLetterId: "a dead letter",
    });
    await queue.discard([id]);
    expect(queue.state.failed).toEqual([]);
  });
});

it("waits between tries at most a minute, at least half of what it grew to, and as long as the server asks", () => {
  for (const [tries, random, most] of [
    [0, 1, 1_000],
    [3, 1, 8_000],
    [50, 1, BACKOFF_MS_MAX],
  ] as const) {
    expect(backoffMs(tries, random)).toBe(most);
    expect(backoffMs(tries, 0)).toBe(most / 2);
  }
});

it("sends together what is small, and what is large alone", () => {
  const pending = [10, 10, BATCH_CHARACTERS_MAX, 10].map((length, sequence) => ({
    sequence,
    createTime: "",
    mutation: {
      id: `${sequence}`,
      table: "tasks",
      operation: "UPDATE" as const,
      recordId: RECORD,
      value: { title: "x".repeat(length) },
      clock: "",
      baseClock: "",
      userId: "",
    },
  }));
  expect(batchOf(pending, 200).map(({ id }) => id)).toEqual(["0", "1"]);
  expect(batchOf(pending.slice(2), 200).map(({ id }) => id)).toEqual(["2"]);
  expect(batchOf(pending, 1).map(({ id }) => id)).toEqual(["0"]);
});
