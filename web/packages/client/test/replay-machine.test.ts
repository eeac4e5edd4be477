import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimeloomError } from "../src/index.js";
import {
  nextIndex,
  placeOf,
  REPLAY_IDLE,
  type ReplayAction,
  type ReplayState,
  replayReducer,
  SPEED_MAX,
  SPEED_MIN,
  sequenceOf,
} from "../src/replay/machine.js";

const ERROR = new TimeloomError({ message: "no", status: 500, code: "INTERNAL" });

const sequences = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 20 })
  .map((all) => all.sort((a, b) => a - b));
const action: fc.Arbitrary<ReplayAction> = fc.oneof(
  fc.constant<ReplayAction>({ type: "load" }),
  fc.record({ type: fc.constant("loaded" as const), sequences, sequence: fc.nat(70) }),
  fc.constant<ReplayAction>({ type: "failed", error: ERROR }),
  fc.record({ type: fc.constant("play" as const), isReverse: fc.boolean() }),
  fc.constant<ReplayAction>({ type: "pause" }),
  fc.record({ type: fc.constant("step" as const), count: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ type: fc.constant("jump" as const), sequence: fc.integer({ min: -5, max: 70 }) }),
  fc.record({ type: fc.constant("speed" as const), speed: fc.double() }),
  fc.constant<ReplayAction>({ type: "breakpoints" }),
  fc.record({ type: fc.constant("advance" as const), hits: fc.array(fc.nat(3), { maxLength: 2 }) }),
);
const anyState = fc
  .array(action, { maxLength: 40 })
  .map((actions) => actions.reduce(replayReducer, REPLAY_IDLE));
const loadedState = fc
  .tuple(
    sequences.filter((all) => all.length > 0),
    fc.nat(70),
    fc.array(action, { maxLength: 20 }),
  )
  .map(([all, sequence, actions]) => {
    const loaded = replayReducer(replayReducer(REPLAY_IDLE, { type: "load" }), {
      type: "loaded",
      sequences: all,
      sequence,
    });
    return actions
      .filter(({ type }) => !["load", "loaded", "failed"].includes(type))
      .reduce(replayReducer, loaded);
  });

function check(property: (state: ReplayState) => void, states = loadedState): void {
  fc.assert(fc.property(states, (state) => void property(state)));
}

describe("whatever was done", () => {
  test("it stands on a snapshot that is there, or there is none", () =>
    check(({ index, sequences: all }) => {
      expect(all.length === 0 ? index === -1 : index >= -1 && index < all.length).toBe(true);
    }, anyState));

  test("its speed is within its bounds", () =>
    check(({ speed }) => expect(speed >= SPEED_MIN && speed <= SPEED_MAX).toBe(true), anyState));

  test("only a playback that can go on is playing", () =>
    check((state) => {
      if (state.status === "playing") expect(nextIndex(state)).toBeDefined();
      if (state.status === "error") expect(state.error).toBeDefined();
    }, anyState));

  test("a step on and a step back lead to where it was, but at the end", () =>
    check((state) => {
      const there = replayReducer(state, { type: "step", count: 1 });
      const back = replayReducer(there, { type: "step", count: -1 });
      const isAtEnd = state.index === state.sequences.length - 1;
      expect(back.index).toBe(isAtEnd ? Math.max(0, state.index - 1) : state.index);
    }));

  test("a jump leads to the snapshot, or to the last one before it", () =>
    fc.assert(
      fc.property(loadedState, fc.integer({ min: -5, max: 70 }), (state, wanted) => {
        const before = state.sequences.filter((each) => each <= wanted);
        const jumped = replayReducer(state, { type: "jump", sequence: wanted });
        expect(sequenceOf(jumped)).toBe(before.at(-1) ?? state.sequences[0]);
      }),
    ));

  test("playing shows every snapshot that is left, once, and completes", () =>
    fc.assert(
      fc.property(loadedState, fc.boolean(), (given, isReverse) => {
        let state = replayReducer(given, { type: "play", isReverse });
        const left = isReverse
          ? state.sequences.slice(0, state.index).reverse()
          : state.sequences.slice(state.index + 1);
        const shown: number[] = [];
        while (state.status === "playing") {
          state = replayReducer(state, { type: "advance", hits: [] });
          shown.push(sequenceOf(state));
        }
        expect([state.status, shown]).toEqual(["completed", left]);
      }),
    ));

  test("a breakpoint pauses it, and playing on leaves that place", () =>
    check((given) => {
      const playing = replayReducer(given, { type: "play", isReverse: false });
      const stopped = replayReducer(playing, { type: "advance", hits: [1] });
      if (playing.status !== "playing") return;
      expect(stopped).toMatchObject({ status: "paused", hits: [1] });
      const going = replayReducer(stopped, { type: "play", isReverse: false });
      expect(going).toMatchObject({ hits: [], status: "playing" });
    }));

  test("more snapshots leave it where it stands", () =>
    fc.assert(
      fc.property(loadedState, fc.integer({ min: 61, max: 90 }), (state, more) => {
        const longer = [...state.sequences, more];
        const extended = replayReducer(state, { type: "loaded", sequences: longer, sequence: 0 });
        expect(sequenceOf(extended)).toBe(sequenceOf(state));
        if (state.status === "completed" && !state.isReverse) expect(extended.status).toBe("paused");
      }),
    ));
});

test("an action that makes no sense changes nothing", () => {
  for (const type of ["pause", "advance"] as const) {
    expect(replayReducer(REPLAY_IDLE, { type, hits: [] } as ReplayAction)).toBe(REPLAY_IDLE);
  }
  expect(replayReducer(REPLAY_IDLE, { type: "play", isReverse: false })).toBe(REPLAY_IDLE);
  expect(replayReducer(REPLAY_IDLE, { type: "jump", sequence: 3 })).toBe(REPLAY_IDLE);
});

test("after an error it goes on from where it stood", () => {
  const loaded = replayReducer(REPLAY_IDLE, { type: "loaded", sequences: [1, 2, 3], sequence: 2 });
  const failed = replayReducer(loaded, { type: "failed", error: ERROR });
  expect(failed).toMatchObject({ status: "error", error: ERROR });
  expect(replayReducer(failed, { type: "step", count: 1 })).toMatchObject({
    status: "paused",
    index: 2,
    error: undefined,
  });
  expect(replayReducer(failed, { type: "breakpoints" })).toMatchObject({
    status: "paused",
    index: 1,
    error: undefined,
  });
});

test("a snapshot's place is found among many", () => {
  expect([0, 1, 4, 5, 6, 99].map((each) => placeOf([1, 4, 6], each))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(placeOf([], 1)).toBe(0);
});
