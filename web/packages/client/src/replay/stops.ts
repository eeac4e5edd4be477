import type { Timeloom } from "../client.js";
import { readLines } from "../ndjson.js";
import type { Breakpoint, Schemas } from "../types.js";

/** One snapshot on the way, and the breakpoints, by their places, that stop there. */
export interface Stop {
  readonly sequence: number;
  readonly hits: readonly number[];
}

export interface Scan {
  readonly executionId: string;
  /** Where the playback stands: no breakpoint stops there again. */
  readonly from: number;
  /** The snapshot after it. */
  readonly next: number;
  readonly isReverse: boolean;
  readonly breakpoints: readonly Breakpoint[];
  readonly signal: AbortSignal;
}

/**
 * The snapshots that a playback goes through, up to the first breakpoint. The server tells, which has all states:
 * that is as good for a changed path or an expression as it is for a step's name.
 */
export async function* stopsAhead(timeloom: Timeloom, scan: Scan): AsyncGenerator<Stop> {
  const { from, next } = scan;
  let isStopped = false;
  for await (const stop of frames(timeloom, scan, { fromSequence: from })) {
    if (stop.sequence !== from) yield stop;
    else isStopped = stop.hits.length > 0;
  }
  if (!isStopped) return;
  // A breakpoint holds where it stands. What changes on the first step only shows if that step is begun from there.
  const changes = await changesAt(timeloom, scan);
  for await (const stop of frames(timeloom, scan, { fromSequence: next })) {
    const hits =
      stop.sequence === next ? [...new Set([...stop.hits, ...changes])].sort((a, b) => a - b) : stop.hits;
    yield { ...stop, hits };
    if (hits.length > 0) return;
  }
}

async function changesAt(timeloom: Timeloom, scan: Scan): Promise<readonly number[]> {
  const places = scan.breakpoints.flatMap((each, place) => (each.changedPath === undefined ? [] : [place]));
  if (places.length === 0) return [];
  const breakpoints = scan.breakpoints.filter((each) => each.changedPath !== undefined);
  const range = { fromSequence: scan.from, toSequence: scan.next };
  for await (const stop of frames(timeloom, { ...scan, breakpoints }, range)) {
    if (stop.sequence === scan.next) return stop.hits.flatMap((hit) => places[hit] ?? []);
  }
  return [];
}

async function* frames(
  timeloom: Timeloom,
  { executionId, isReverse, breakpoints, signal }: Scan,
  range: { readonly fromSequence: number; readonly toSequence?: number },
): AsyncGenerator<Stop> {
  const body = { ...range, reverse: isReverse, speed: 0, content: "NONE", breakpoints };
  const response = await timeloom.fetch(`/api/agent-executions/${encodeURIComponent(executionId)}/replay`, {
    method: "POST",
    headers: { Accept: "application/x-ndjson", "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  for await (const { frame } of readLines<Schemas["PlayExecutionResponse"]>(response)) {
    if (frame?.snapshot) yield { sequence: frame.snapshot.sequence, hits: frame.breakpoints };
  }
}
