import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import type { Timeloom } from "../client.js";
import { TimeloomError } from "../problem.js";
import { StateBudget } from "../replay/budget.js";
import {
  REPLAY_IDLE,
  type ReplayAction,
  type ReplayState,
  type ReplayStatus,
  replayReducer,
  sequenceOf,
} from "../replay/machine.js";
import { type Stop, stopsAhead } from "../replay/stops.js";
import { wayTo } from "../replay/way.js";
import type { Breakpoint, Snapshot } from "../types.js";
import { useAllSnapshots } from "./all-snapshots.js";
import { useExecution } from "./executions.js";
import { useTimeloom } from "./provider.js";
import type { Reading } from "./queries.js";
import { snapshotQuery, useSnapshot } from "./time-travel.js";

/** Longer pauses of a recording are cut to this. */
export const REPLAY_PAUSE_MS_MAX = 2_000;
/** A frame stands at least this long, so that each is seen. */
export const REPLAY_PAUSE_MS_MIN = 40;
/** How many states are read ahead of the playback. */
export const REPLAY_AHEAD = 8;

export interface ReplayOptions {
  /** Where it stands first; on the oldest snapshot if left out. */
  readonly initialSequence?: number;
  /** Where it stops: at a step's name, a kind, a snapshot, a changed path, or where a CEL expression is true. */
  readonly breakpoints?: readonly Breakpoint[];
}

export interface ExecutionReplay {
  readonly status: ReplayStatus;
  /** The snapshots on the way to the head, oldest first, without states. */
  readonly snapshots: readonly Snapshot[];
  /** Where among them it stands; -1 while there are none. */
  readonly index: number;
  /** The snapshot that it stands on, without its state; undefined while there is none. */
  readonly snapshot: Snapshot | undefined;
  readonly sequence: number;
  /** The snapshot that it stands on, with its state and effects. */
  readonly current: Reading<Snapshot>;
  readonly speed: number;
  readonly isReverse: boolean;
  /** The breakpoints, by their places, at which it stopped. */
  readonly hits: readonly number[];
  readonly error: TimeloomError | undefined;
  play(options?: { readonly isReverse?: boolean }): void;
  pause(): void;
  stepForward(): void;
  stepBackward(): void;
  /** Goes to a snapshot, or to the last one before it that is there. */
  jumpTo(sequence: number): void;
  /** From 0.25 to 8 times as fast as it was recorded. */
  setSpeed(speed: number): void;
}

const NONE: readonly Breakpoint[] = [];
const NO_SNAPSHOTS: readonly Snapshot[] = [];

/** Plays a recorded execution: what is seen of it is a snapshot at a time. New snapshots come in while it runs. */
export function useExecutionReplay(executionId: string, options: ReplayOptions = {}): ExecutionReplay {
  const { initialSequence = 0, breakpoints = NONE } = options;
  const [state, dispatch] = useReducer(replayReducer, REPLAY_IDLE);
  const snapshots = useWay(executionId, initialSequence, dispatch);
  const sequence = sequenceOf(state);
  useBreakpoints(breakpoints, dispatch);
  usePlaying(executionId, state, snapshots, breakpoints, dispatch);
  const current = useSnapshot(executionId, sequence, { enabled: sequence !== 0 });
  const commands = useMemo(() => commandsOf(dispatch), []);
  return {
    status: state.status,
    snapshots,
    index: state.index,
    // Right after a change, the list is ahead of where the playback stands.
    snapshot: [snapshots[state.index]].find((each) => each?.sequence === sequence),
    sequence,
    current,
    speed: state.speed,
    isReverse: state.isReverse,
    hits: state.hits,
    error: state.error,
    ...commands,
  };
}

type Dispatch = (action: ReplayAction) => void;

function commandsOf(dispatch: Dispatch) {
  return {
    play: ({ isReverse = false }: { readonly isReverse?: boolean } = {}) =>
      dispatch({ type: "play", isReverse }),
    pause: () => dispatch({ type: "pause" }),
    stepForward: () => dispatch({ type: "step", count: 1 }),
    stepBackward: () => dispatch({ type: "step", count: -1 }),
    jumpTo: (sequence: number) => dispatch({ type: "jump", sequence }),
    setSpeed: (speed: number) => dispatch({ type: "speed", speed }),
  };
}

/** Reads which snapshots there are, now and as more are recorded or the head moves, and tells the playback. */
function useWay(executionId: string, initialSequence: number, dispatch: Dispatch): readonly Snapshot[] {
  const execution = useExecution(executionId);
  const all = useAllSnapshots(executionId);
  const first = useRef(initialSequence);
  first.current = initialSequence;
  const head = execution.data?.headSequence;
  const way = useMemo(
    () => (head === undefined || all.data === undefined ? undefined : wayTo(head, all.data)),
    [head, all.data],
  );
  const error = execution.error ?? all.error;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another execution begins anew
  useEffect(() => dispatch({ type: "load" }), [executionId, dispatch]);
  useEffect(() => {
    if (way === undefined) return;
    dispatch({ type: "loaded", sequences: way.map((each) => each.sequence), sequence: first.current });
  }, [way, dispatch]);
  useEffect(() => {
    if (error !== null && way === undefined) dispatch({ type: "failed", error });
  }, [error, way, dispatch]);
  return way ?? NO_SNAPSHOTS;
}

function useBreakpoints(breakpoints: readonly Breakpoint[], dispatch: Dispatch): void {
  const written = JSON.stringify(breakpoints);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is written is what counts
  useEffect(() => dispatch({ type: "breakpoints" }), [written, dispatch]);
}

/** Moves the playback on while it plays: when the time has come, the state is there and no breakpoint lies before. */
function usePlaying(
  executionId: string,
  state: ReplayState,
  snapshots: readonly Snapshot[],
  breakpoints: readonly Breakpoint[],
  dispatch: Dispatch,
): void {
  const timeloom = useTimeloom();
  const queries = useQueryClient();
  const latest = useRef({ state, snapshots, breakpoints });
  useEffect(() => {
    latest.current = { state, snapshots, breakpoints };
  });
  const { status, generation, speed } = state;
  const play = useCallback(
    (signal: AbortSignal) => {
      const { state, breakpoints } = latest.current;
      const snapshots = () => latest.current.snapshots;
      return perform({ timeloom, queries, executionId, state, snapshots, breakpoints, signal }, dispatch);
    },
    [timeloom, queries, executionId, dispatch],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins anew with another generation or speed
  useEffect(() => {
    if (status !== "playing") return;
    const stop = new AbortController();
    play(stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      dispatch({ type: "failed", error: asTimeloomError(error) });
    });
    return () => stop.abort();
  }, [play, status, generation, speed, dispatch]);
}

interface Performance {
  readonly timeloom: Timeloom;
  readonly queries: QueryClient;
  readonly executionId: string;
  readonly state: ReplayState;
  /** Those that are there by now: more may be recorded while it plays. */
  readonly snapshots: () => readonly Snapshot[];
  readonly breakpoints: readonly Breakpoint[];
  readonly signal: AbortSignal;
}

async function perform(given: Performance, dispatch: Dispatch): Promise<void> {
  const { timeloom, queries, executionId, state, breakpoints, signal } = given;
  const budget = new StateBudget();
  let sequence = sequenceOf(state);
  let ahead: AsyncGenerator<Stop> | undefined;
  for (;;) {
    const [from, ...following] = onTheWay(given.snapshots(), sequence, state.isReverse);
    const to = following[0];
    if (from === undefined || to === undefined) break;
    if (breakpoints.length > 0) ahead ??= scan(given, from, to);
    readAhead(given, following, budget);
    const [hits] = await Promise.all([
      hitsAt(ahead, to.sequence),
      queries.ensureQueryData(snapshotQuery(timeloom, executionId, to.sequence)),
      pause(pauseMs(from, to) / state.speed, signal),
    ]);
    if (signal.aborted) return;
    dispatch({ type: "advance", hits });
    if (hits.length > 0) return;
    sequence = to.sequence;
  }
  dispatch({ type: "advance", hits: [] });
}

/** The snapshot with a number, and those that playing shows next. */
function onTheWay(snapshots: readonly Snapshot[], sequence: number, isReverse: boolean): readonly Snapshot[] {
  const place = snapshots.findIndex((each) => each.sequence === sequence);
  if (place < 0) return [];
  const count = REPLAY_AHEAD + 1;
  return isReverse
    ? snapshots.slice(Math.max(0, place + 1 - count), place + 1).reverse()
    : snapshots.slice(place, place + count);
}

function scan(
  { timeloom, executionId, state, breakpoints, signal }: Performance,
  from: Snapshot,
  to: Snapshot,
) {
  const { isReverse } = state;
  const [start, next] = [from.sequence, to.sequence];
  return stopsAhead(timeloom, { executionId, from: start, next, isReverse, breakpoints, signal });
}

async function hitsAt(ahead: AsyncGenerator<Stop> | undefined, sequence: number): Promise<readonly number[]> {
  if (ahead === undefined) return [];
  for (;;) {
    const { done, value } = await ahead.next();
    if (done) return [];
    if (value.sequence === sequence) return value.hits;
  }
}

/** Reads the states that are shown next, and lets go of those that were shown long ago. */
function readAhead(
  { timeloom, queries, executionId }: Performance,
  following: readonly Snapshot[],
  budget: StateBudget,
): void {
  for (const { sequence, stateBytes } of following) {
    if (!budget.admits(sequence, stateBytes)) break;
    void queries.prefetchQuery(snapshotQuery(timeloom, executionId, sequence));
  }
  for (const sequence of budget.excess()) {
    queries.removeQueries({
      queryKey: snapshotQuery(timeloom, executionId, sequence).queryKey,
      type: "inactive",
    });
  }
}

/** How long a snapshot stands before the next one, at the pace of the recording. */
function pauseMs(from: Snapshot, to: Snapshot): number {
  const passed = Math.abs(Date.parse(to.createTime ?? "") - Date.parse(from.createTime ?? ""));
  return Math.min(Math.max(passed || 0, REPLAY_PAUSE_MS_MIN), REPLAY_PAUSE_MS_MAX);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

function asTimeloomError(error: unknown): TimeloomError {
  if (error instanceof TimeloomError) return error;
  const message = error instanceof Error ? error.message : "The playback failed.";
  return new TimeloomError({ message, status: 0, code: "PLAYBACK_FAILED", cause: error });
}
