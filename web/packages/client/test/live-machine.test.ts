import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTEMPT_MAX,
  advance,
  type Effect,
  INITIAL,
  type Input,
  type LiveState,
} from "../src/live/machine.js";
import type { ServerMessage } from "../src/live/protocol.js";

/** What is done when these come in, one after the other. */
function run(inputs: readonly Input[], state: LiveState = INITIAL): { state: LiveState; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const input of inputs) {
    const [next, done] = advance(state, input);
    state = next;
    effects.push(...done);
  }
  return { state, effects };
}

const received = (message: ServerMessage): Input => ({ type: "received", message });
const ready = received({ type: "ready" });
const subscribed = (id: string, position: string) => received({ type: "subscribed", id, position });
const event = (id: string, position: string) =>
  received({ type: "event", id, position, kind: "executionCreated", event: {} as never });
const refused = (id: string, code: string, status: number) =>
  received({ type: "error", id, problem: { code, status, detail: "no" } });
const sent = (effects: readonly Effect[]) =>
  effects.flatMap((each) => (each.type === "send" ? [each.message] : []));

const BEGINNING: readonly Input[] = [
  { type: "subscribe", id: "a", topic: "executions" },
  { type: "opened", apiKey: "tl_key" },
  ready,
];

describe("at the beginning", () => {
  test("it connects, says who it is, and subscribes when it is let in", () => {
    const { state, effects } = run(BEGINNING);
    expect(state.status).toBe("open");
    expect(effects).toEqual([
      { type: "connect" },
      { type: "send", message: { type: "authenticate", apiKey: "tl_key" } },
      { type: "send", message: { type: "subscribe", id: "a", topic: "executions" } },
    ]);
  });

  test("a session's cookie says who it is by itself", () => {
    const { effects } = run([
      { type: "subscribe", id: "a", topic: "x" },
      { type: "opened", apiKey: undefined },
    ]);
    expect(effects).toEqual([{ type: "connect" }]);
  });

  test("whoever read something before it began is told that it may be old", () => {
    expect(run([...BEGINNING, subscribed("a", "7")]).effects.at(-1)).toEqual({ type: "gap", id: "a" });
  });

  test("whoever begins at a position misses nothing", () => {
    const { effects } = run([
      { type: "subscribe", id: "a", topic: "x", position: "5" },
      { type: "opened", apiKey: undefined },
      ready,
      subscribed("a", "5"),
    ]);
    expect(effects.at(-1)).toEqual({
      type: "send",
      message: { type: "subscribe", id: "a", topic: "x", position: "5" },
    });
  });
});

describe("after a break", () => {
  const broken = [
    ...BEGINNING,
    subscribed("a", "7"),
    event("a", "9"),
    { type: "closed", code: 1006 } as const,
  ];
  const back = [{ type: "retry" }, { type: "opened", apiKey: undefined }, ready] as const;

  test("it goes on after the last event", () => {
    const { effects } = run([...broken, ...back]);
    expect(sent(effects).at(-1)).toEqual({ type: "subscribe", id: "a", topic: "executions", position: "9" });
  });

  test("it waits longer after each failure, and forgets them once it is let in", () => {
    const failing = [{ type: "retry" }, { type: "closed", code: 1006 }] as const;
    const { state, effects } = run([...broken, ...failing, ...failing]);
    expect(effects.filter(({ type }) => type === "wait")).toEqual(
      [1, 2, 3].map((attempt) => ({ type: "wait", attempt })),
    );
    expect(run(back, state).state.attempt).toBe(0);
  });

  test("without good credentials it does not insist", () => {
    const { effects } = run([...BEGINNING, { type: "closed", code: 4401 }]);
    expect(effects.at(-1)).toEqual({ type: "wait", attempt: ATTEMPT_MAX });
  });

  test("a position that was dropped is given up, and something may have been missed", () => {
    const { state, effects } = run([
      ...broken,
      ...back,
      subscribed("a", "9"),
      refused("a", "POSITION_DROPPED", 410),
    ]);
    expect(effects.at(-1)).toEqual({
      type: "send",
      message: { type: "subscribe", id: "a", topic: "executions" },
    });
    expect(run([subscribed("a", "50")], state).effects).toEqual([{ type: "gap", id: "a" }]);
  });
});

test("a topic that is refused is told and given up; the others go on", () => {
  const { state, effects } = run([
    ...BEGINNING,
    { type: "subscribe", id: "b", topic: "no//topic" },
    refused("b", "INVALID_FIELD", 400),
  ]);
  expect(effects.at(-1)).toMatchObject({
    type: "refused",
    id: "b",
    error: { code: "INVALID_FIELD", status: 400 },
  });
  expect([...state.subscriptions.keys()]).toEqual(["a"]);
});

test("what comes for nobody is passed over", () => {
  const { state } = run([...BEGINNING, { type: "unsubscribe", id: "a" }]);
  for (const late of [
    event("a", "8"),
    subscribed("a", "8"),
    refused("a", "X", 400),
    received({ type: "pong" }),
  ]) {
    expect(advance(state, late)).toEqual([state, []]);
  }
});

test("it closes when nobody listens, and only then", () => {
  const { state } = run(BEGINNING);
  expect(advance(state, { type: "idle" })).toEqual([state, []]);
  const left = run([{ type: "unsubscribe", id: "a" }, { type: "idle" }], state);
  expect(left).toEqual({
    state: INITIAL,
    effects: [{ type: "send", message: { type: "unsubscribe", id: "a" } }, { type: "disconnect" }],
  });
});

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    type: fc.constant("subscribe" as const),
    id: fc.constantFrom("a", "b"),
    topic: fc.constant("x"),
  }),
  fc.record({ type: fc.constant("unsubscribe" as const), id: fc.constantFrom("a", "b") }),
  fc.constantFrom<Input>(
    ready,
    { type: "opened", apiKey: "k" },
    { type: "closed", code: 1012 },
    { type: "retry" },
    { type: "idle" },
    subscribed("a", "3"),
    event("b", "4"),
    refused("a", "POSITION_DROPPED", 410),
  ),
);

test("whatever comes, what is sent is never sent to a connection that is not open, but for credentials", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 30 }), (inputs) => {
      let state = INITIAL;
      for (const input of inputs) {
        const [next, effects] = advance(state, input);
        const isOpen = state.status === "open" || next.status === "open";
        const messages = sent(effects).filter(({ type }) => type !== "authenticate");
        if (!isOpen && input.type !== "received") expect(messages).toEqual([]);
        expect(next.attempt).toBeLessThanOrEqual(ATTEMPT_MAX);
        state = next;
      }
    }),
  );
});
