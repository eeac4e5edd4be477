import { useCallback, useMemo, useRef, useState } from "react";
import type { TimeloomError } from "../problem.js";
import type { EventFilter, TelemetryEvent } from "../types.js";
import { useLiveTopic } from "./live.js";
import { type EventListFilter, useEventList } from "./observability.js";
import type { Listing } from "./queries.js";

/** How many events the tail keeps; of more, the oldest go. */
export const TAIL_EVENTS_MAX = 1_000;

export interface ObservabilityEventsOptions {
  readonly filter?: EventFilter;
  readonly orderBy?: EventListFilter["orderBy"];
  readonly pageSize?: number;
  /** Follows what arrives from now on; true if left out. A filter by attributes cannot be followed. */
  readonly live?: boolean;
  readonly enabled?: boolean;
}

export interface ObservabilityEvents {
  /** What arrived since, then what was listed, newest first and each once. */
  readonly events: readonly TelemetryEvent[];
  readonly list: Listing<TelemetryEvent>;
  readonly isPaused: boolean;
  /** How many arrived while it was paused: `resume` shows them. */
  readonly waitingCount: number;
  /** How many were left out because too many came. */
  readonly droppedCount: number;
  /** Why nothing can be followed; undefined if it can. */
  readonly liveError: TimeloomError | undefined;
  pause(): void;
  resume(): void;
}

interface Tail {
  readonly topic: string;
  readonly shown: readonly TelemetryEvent[];
  readonly waiting: readonly TelemetryEvent[];
  readonly droppedCount: number;
  readonly error: TimeloomError | undefined;
}

/** Events of telemetry: those that are there, and those that arrive. A break in between reads the list anew. */
export function useObservabilityEvents(options: ObservabilityEventsOptions = {}): ObservabilityEvents {
  const { filter = {}, orderBy, pageSize, live = true, enabled = true } = options;
  const list = useEventList({ filter, orderBy, pageSize }, { enabled });
  const topic = live && enabled ? topicOf(filter) : "";
  const [isPaused, setPaused] = useState(false);
  const [tail, setTail] = useState<Tail>(() => emptyTail(topic));
  if (tail.topic !== topic) setTail(emptyTail(topic));
  const paused = useRef(isPaused);
  paused.current = isPaused;
  useLiveTopic(topic, {
    onEvent: (event) => {
      const arrived = event.eventsRecorded?.events ?? [];
      setTail((before) => (before.topic === topic ? extended(before, arrived, paused.current) : before));
    },
    onGap: () => void list.refetch(),
    onRefused: (error) => setTail((before) => ({ ...before, error })),
  });
  const pause = useCallback(() => setPaused(true), []);
  const resume = useCallback(() => {
    setPaused(false);
    setTail((before) => extended({ ...before, waiting: [] }, [...before.waiting].reverse(), false));
  }, []);
  const events = useMemo(() => merged(tail.shown, list.data ?? []), [tail.shown, list.data]);
  return {
    events,
    list,
    isPaused,
    waitingCount: tail.waiting.length,
    droppedCount: tail.droppedCount,
    liveError: tail.error,
    pause,
    resume,
  };
}

/** The live topic of a filter. */
export function topicOf(filter: EventFilter): string {
  const meant = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (meant.length === 0) return "events";
  return `events?filter=${encodeURIComponent(JSON.stringify(Object.fromEntries(meant)))}`;
}

function emptyTail(topic: string): Tail {
  return { topic, shown: [], waiting: [], droppedCount: 0, error: undefined };
}

/** A tail with what arrived, which is in the order of its arrival; what is there is newest first. */
function extended(tail: Tail, arrived: readonly TelemetryEvent[], isPaused: boolean): Tail {
  const name = isPaused ? "waiting" : "shown";
  const all = merged([...arrived].reverse(), tail[name]);
  const dropped = Math.max(0, all.length - TAIL_EVENTS_MAX);
  return { ...tail, [name]: all.slice(0, TAIL_EVENTS_MAX), droppedCount: tail.droppedCount + dropped };
}

function merged(
  newer: readonly TelemetryEvent[],
  older: readonly TelemetryEvent[],
): readonly TelemetryEvent[] {
  if (newer.length === 0) return older;
  const known = new Set<string>();
  return [...newer, ...older].filter(({ id }) => !known.has(id) && known.add(id));
}
