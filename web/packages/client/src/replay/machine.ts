/**
 * A playback of recorded snapshots without clock, network or React: what is done changes where it stands.
 * `react/replay.ts` gives it states and time.
 */
import type { TimeloomError } from "../problem.js";

export const SPEED_MIN = 0.25;
export const SPEED_MAX = 8;

/** `completed` on the last snapshot in the direction in which it played. */
export type ReplayStatus = "idle" | "loading" | "ready" | "playing" | "paused" | "completed" | "error";

export interface ReplayState {
  readonly status: ReplayStatus;
  /** The snapshots that it can stand on, oldest first. */
  readonly sequences: readonly number[];
  /** Where among them it stands; -1 while there are none. */
  readonly index: number;
  /** How many times faster than it was recorded. */
  readonly speed: number;
  readonly isReverse: boolean;
  /** The breakpoints, by their places, at which it stopped where it stands. */
  readonly hits: readonly number[];
  /** Changes whenever a playback under way has to begin anew: with play, a jump, other breakpoints. */
  readonly generation: number;
  readonly error: TimeloomError | undefined;
}

export type ReplayAction =
  | { readonly type: "load" }
  /** The snapshots are there, or other ones than before; `sequence` is where it stands first, at the oldest if 0. */
  | { readonly type: "loaded"; readonly sequences: readonly number[]; readonly sequence: number }
  | { readonly type: "failed"; readonly error: TimeloomError }
  | { readonly type: "play"; readonly isReverse: boolean }
  | { readonly type: "pause" }
  | { readonly type: "step"; readonly count: number }
  | { readonly type: "jump"; readonly sequence: number }
  | { readonly type: "speed"; readonly speed: number }
  | { readonly type: "breakpoints" }
  /** The time for the next snapshot has come; the breakpoints that stop there. */
  | { readonly type: "advance"; readonly hits: readonly number[] };

export const REPLAY_IDLE: ReplayState = {
  status: "idle",
  sequences: [],
  index: -1,
  speed: 1,
  isReverse: false,
  hits: [],
  generation: 0,
  error: undefined,
};

/** What becomes of a playback. An action that makes no sense where it stands changes nothing. */
export function replayReducer(state: ReplayState, action: ReplayAction): ReplayState {
  switch (action.type) {
    case "load":
      return { ...REPLAY_IDLE, status: "loading", speed: state.speed };
    case "loaded":
      return loaded(state, action.sequences, action.sequence);
    case "failed":
      return { ...state, status: "error", error: action.error };
    case "play":
      return play(state, action.isReverse);
    case "pause":
      return state.status === "playing" ? { ...state, status: "paused" } : state;
    case "step":
      return move(state, state.index + action.count, "paused");
    case "jump":
      return jump(state, action.sequence);
    case "speed":
      return { ...state, speed: clamp(action.speed, SPEED_MIN, SPEED_MAX) };
    case "breakpoints":
      return { ...mended(state), hits: [], generation: state.generation + 1 };
    case "advance":
      return advance(state, action.hits);
  }
}

/** The number of the snapshot that it stands on; 0 while there is none. */
export function sequenceOf(state: ReplayState): number {
  return state.sequences[state.index] ?? 0;
}

/** The place of the snapshot that playing shows next; undefined at the end. */
export function nextIndex(state: Pick<ReplayState, "index" | "sequences" | "isReverse">): number | undefined {
  const next = state.index + (state.isReverse ? -1 : 1);
  return next >= 0 && next < state.sequences.length ? next : undefined;
}

/** The place of a snapshot, or of the last one before it; the first place if there is none before. */
export function placeOf(sequences: readonly number[], sequence: number): number {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sequences[middle] ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function loaded(state: ReplayState, sequences: readonly number[], sequence: number): ReplayState {
  if (sequences.length === 0)
    return { ...state, status: "ready", sequences, index: -1, hits: [], error: undefined };
  if (state.index >= 0) {
    const index = placeOf(sequences, sequenceOf(state));
    const isStillThere = sequences[index] === sequenceOf(state);
    const status =
      state.status === "completed" && nextIndex({ ...state, sequences, index }) !== undefined
        ? "paused"
        : state.status;
    return { ...state, sequences, index, status, hits: isStillThere ? state.hits : [] };
  }
  return { ...state, status: "ready", sequences, index: placeOf(sequences, sequence), error: undefined };
}

/** At the end, playing begins anew at the other one. */
function play(state: ReplayState, isReverse: boolean): ReplayState {
  if (!isLoaded(state)) return state;
  const turned = { ...mended(state), isReverse, hits: [], generation: state.generation + 1 };
  if (state.sequences.length === 1) return { ...turned, status: "completed" };
  const index = nextIndex(turned) === undefined ? (isReverse ? state.sequences.length - 1 : 0) : state.index;
  return { ...turned, index, status: "playing" };
}

/** A playback goes on from where it was sent; otherwise it waits there. */
function jump(state: ReplayState, sequence: number): ReplayState {
  const moved = move(
    state,
    placeOf(state.sequences, sequence),
    state.status === "playing" ? "playing" : "paused",
  );
  return moved === state ? state : { ...moved, generation: state.generation + 1 };
}

function move(state: ReplayState, index: number, status: ReplayStatus): ReplayState {
  if (!isLoaded(state)) return state;
  return { ...mended(state), status, index: clamp(index, 0, state.sequences.length - 1), hits: [] };
}

function advance(state: ReplayState, hits: readonly number[]): ReplayState {
  if (state.status !== "playing") return state;
  const index = nextIndex(state);
  if (index === undefined) return { ...state, status: "completed" };
  const isLast = nextIndex({ ...state, index }) === undefined;
  const status = hits.length > 0 ? "paused" : isLast ? "completed" : "playing";
  return { ...state, index, hits, status };
}

function isLoaded(state: ReplayState): boolean {
  return state.index >= 0 && state.status !== "loading";
}

/** After an error it goes on from where it stood. */
function mended(state: ReplayState): ReplayState {
  const isMendable = state.status === "error" && state.index >= 0;
  return isMendable ? { ...state, status: "paused", error: undefined } : state;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Number.isNaN(value) ? low : value));
}
