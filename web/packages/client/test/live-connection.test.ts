import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LiveEvent } from "../src/index.js";
import {
  CONNECT_WITHIN_MS,
  createLive,
  LINGER_MS,
  type Live,
  type LiveListener,
  PING_INTERVAL_MS,
  PONG_WITHIN_MS,
  type Socket,
  WAIT_MS_MAX,
} from "../src/live/live.js";

class FakeSocket implements Socket {
  readonly sent: Array<{ type: string; id?: string; topic?: string; position?: string }> = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.isClosed = true;
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  letIn(): void {
    this.onopen?.();
    this.say({ type: "ready" });
  }
}

let sockets: FakeSocket[];
let live: Live;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  live = createLive({ url: "http://host", apiKey: "tl_key", connect: open, random: () => 1 });
});

afterEach(() => {
  live.close();
  vi.useRealTimers();
});

function open(url: string): Socket {
  const socket = new FakeSocket(url);
  sockets.push(socket);
  return socket;
}

function newest(): FakeSocket {
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error("nothing was opened");
  return socket;
}

function listener(): LiveListener & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    onEvent: (_event, kind, position) => told.push(`${kind} ${position}`),
    onGap: () => told.push("gap"),
    onRefused: (error) => told.push(error.code),
  };
}

async function subscribe(topic: string, to = listener()) {
  const end = live.subscribe(topic, to);
  await vi.advanceTimersByTimeAsync(0);
  return { end, told: to.told };
}

const event = { type: "event", kind: "executionCreated", event: {} as LiveEvent };

test("two who listen to one topic share a subscription, which ends with the second", async () => {
  const first = await subscribe("executions");
  const second = await subscribe("executions");
  expect(newest().url).toBe("ws://host/api/ws");
  newest().letIn();
  const [, subscription, ...others] = newest().sent;
  expect([subscription?.topic, others]).toEqual(["executions", []]);
  newest().say({ ...event, id: subscription?.id, position: "4" });
  expect([first.told, second.told]).toEqual([["executionCreated 4"], ["executionCreated 4"]]);
  first.end();
  expect(newest().sent).toHaveLength(2);
  second.end();
  expect(newest().sent.at(-1)).toEqual({ type: "unsubscribe", id: subscription?.id });
});

test("whoever wants a position has a subscription alone", async () => {
  await subscribe("executions");
  live.subscribe("executions", listener(), { position: "3" });
  await vi.advanceTimersByTimeAsync(0);
  newest().letIn();
  expect(
    newest()
      .sent.slice(1)
      .map(({ position }) => position),
  ).toEqual([undefined, "3"]);
});

test("it closes some time after nobody listens, and not before", async () => {
  const { end } = await subscribe("executions");
  newest().letIn();
  end();
  await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
  expect([newest().isClosed, live.status]).toEqual([false, "open"]);
  await vi.advanceTimersByTimeAsync(1);
  expect([newest().isClosed, live.status]).toEqual([true, "closed"]);
});

test("whoever comes back in time finds it open", async () => {
  const { end } = await subscribe("executions");
  newest().letIn();
  end();
  await subscribe("memory");
  await vi.advanceTimersByTimeAsync(LINGER_MS * 2);
  expect([sockets.length, live.status]).toEqual([1, "open"]);
});

test("a connection that falls silent is given up and made anew", async () => {
  await subscribe("executions");
  newest().letIn();
  await vi.advanceTimersByTimeAsync(PING_INTERVAL_MS);
  expect(newest().sent.at(-1)).toEqual({ type: "ping" });
  newest().say({ type: "pong" });
  await vi.advanceTimersByTimeAsync(PING_INTERVAL_MS + PONG_WITHIN_MS);
  expect([newest().isClosed, live.status]).toEqual([true, "waiting"]);
  await vi.advanceTimersByTimeAsync(WAIT_MS_MAX);
  expect([sockets.length, live.status]).toEqual([2, "connecting"]);
});

test("one that never opens is given up, too", async () => {
  await subscribe("executions");
  await vi.advanceTimersByTimeAsync(CONNECT_WITHIN_MS);
  expect([newest().isClosed, live.status]).toEqual([true, "waiting"]);
});

test("it does not wait when the network is back", async () => {
  const page = new EventTarget();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  await subscribe("executions");
  newest().onclose?.({ code: 1006 });
  expect(live.status).toBe("waiting");
  page.dispatchEvent(new Event("online"));
  expect([sockets.length, live.status]).toEqual([2, "connecting"]);
  page.dispatchEvent(new Event("online"));
  expect(sockets).toHaveLength(2);
  vi.unstubAllGlobals();
});

test("its status is told whenever it changes", async () => {
  const seen: string[] = [];
  const end = live.watch((status) => seen.push(status));
  await subscribe("executions");
  newest().letIn();
  newest().onclose?.({ code: 1012 });
  end();
  live.close();
  expect(seen).toEqual(["connecting", "open", "waiting"]);
});

test("a message that is none is passed over", async () => {
  const { told } = await subscribe("executions");
  newest().letIn();
  for (const data of ["{", "1", "null", '{"type":"shout"}', new ArrayBuffer(1)])
    newest().onmessage?.({ data });
  expect([told, live.status]).toEqual([[], "open"]);
});
