import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import type { Timeloom, ValueChange } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Breakpoint, errorsOf, isSame, knownStops, parseBreakpoints } from "../model/breakpoints";
import { useRecording, useSteps } from "../recording";

const PAGE_SIZE = 1_000;
/** A value that changed more often stops at its first so many changes. */
const CHANGES_MAX = 5_000;
/** While new steps come in, places are looked for again at most so often. */
const SETTLED_MS = 1_000;

/** A breakpoint, and where it stops. */
export interface Placed {
  readonly breakpoint: Breakpoint;
  /** Undefined while they are looked for. */
  readonly stops: readonly number[] | undefined;
  readonly error: Error | null;
}

export interface Breakpoints {
  readonly placed: readonly Placed[];
  /** All places at which the playback stops. */
  readonly stops: ReadonlySet<number>;
  /** These and the errors, in order. */
  readonly marks: readonly number[];
  readonly add: (breakpoint: Breakpoint) => void;
  readonly remove: (breakpoint: Breakpoint) => void;
  readonly toggle: (breakpoint: Breakpoint) => void;
}

/** The breakpoints of the execution, kept while the tab is open, and where they stop the playback. */
export function useBreakpoints(): Breakpoints {
  const { player } = useRecording();
  const steps = useSteps();
  const { breakpoints, change } = useKept();
  const placed = usePlaces(breakpoints);
  const stops = useMemo(
    () => new Set(placed.flatMap((each) => (each.breakpoint.isOn ? (each.stops ?? []) : []))),
    [placed],
  );
  const marks = useMemo(
    () => [...new Set([...stops, ...errorsOf(steps)])].sort((one, other) => one - other),
    [stops, steps],
  );
  useEffect(() => player.setStops(stops), [player, stops]);
  return {
    placed,
    stops,
    marks,
    add: (added) => change((all) => [...all.filter((each) => !isSame(each, added)), added]),
    remove: (removed) => change((all) => all.filter((each) => !isSame(each, removed))),
    toggle: (toggled) =>
      change((all) => all.map((each) => (isSame(each, toggled) ? { ...each, isOn: !each.isOn } : each))),
  };
}

function useKept() {
  const { executionId } = useRecording();
  const key = `timeloom-breakpoints-${executionId}`;
  const [breakpoints, setBreakpoints] = useState(() => parseBreakpoints(sessionStorage.getItem(key)));
  const change = useCallback(
    (to: (all: readonly Breakpoint[]) => readonly Breakpoint[]) => setBreakpoints(to),
    [],
  );
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(breakpoints)), [key, breakpoints]);
  return { breakpoints, change };
}

/** Looks for the places of breakpoints; the server knows where values changed and expressions are true. */
function usePlaces(breakpoints: readonly Breakpoint[]): readonly Placed[] {
  const timeloom = useTimeloom();
  const { executionId } = useRecording();
  const steps = useSteps();
  const [last] = useDebouncedValue(steps.at(-1)?.sequence ?? 0, SETTLED_MS);
  const found = useQueries({
    queries: breakpoints.map(({ kind, value, isOn }) => ({
      queryKey: ["breakpoint", executionId, kind, value, last],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        kind === "path"
          ? readChanges(timeloom, executionId, value, signal)
          : readTrue(timeloom, executionId, value, signal),
      enabled: isOn && last > 0 && (kind === "path" || kind === "expression"),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  return breakpoints.map((breakpoint, index) => ({
    breakpoint,
    stops: knownStops(breakpoint, steps) ?? found[index]?.data,
    error: found[index]?.error ?? null,
  }));
}

async function readChanges(timeloom: Timeloom, executionId: string, path: string, signal: AbortSignal) {
  const changes: ValueChange[] = [];
  let pageToken = "";
  do {
    const query = { path, pageSize: PAGE_SIZE, ...(pageToken !== "" && { pageToken }) };
    const { data } = await timeloom.rest.GET("/api/agent-executions/{executionId}/history", {
      params: { path: { executionId }, query },
      signal,
    });
    changes.push(...(data?.changes ?? []));
    pageToken = data?.nextPageToken ?? "";
  } while (pageToken !== "" && changes.length < CHANGES_MAX);
  return changes.map((each) => each.sequence);
}

async function readTrue(timeloom: Timeloom, executionId: string, expression: string, signal: AbortSignal) {
  const { data } = await timeloom.rest.POST("/api/agent-executions/{executionId}/bisect", {
    params: { path: { executionId } },
    body: { expression, exhaustive: true },
    signal,
  });
  const found = (data?.evaluations ?? []).filter((each) => each.bad).map((each) => each.sequence);
  return [...new Set(found)].sort((one, other) => one - other);
}
