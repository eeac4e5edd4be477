import { type InfiniteData, type UseInfiniteQueryResult, useQuery } from "@tanstack/react-query";
import type { Timeloom } from "../client.js";
import type { TimeloomError } from "../problem.js";
import { type Answer, call } from "../rest.js";
import type { AlignedStep, Snapshot, SnapshotRef, ValueChange } from "../types.js";
import { useTimeloom } from "./provider.js";
import { type Listing, type Reading, type ReadOptions, usePages, usePagesAs, useRead } from "./queries.js";

/** How long a state is kept that nobody shows any more: states may be large. */
export const STATE_KEPT_MS = 60_000;

const SNAPSHOT = "/api/agent-executions/{executionId}/snapshots/{sequence}";

/** One snapshot with its state and effects, or with the part of the state at a JSON pointer; the head if `sequence` is 0. */
export function useSnapshot(
  executionId: string,
  sequence: number,
  { path = "", ...options }: ReadOptions & { readonly path?: string } = {},
): Reading<Snapshot> {
  return useQuery<Snapshot, TimeloomError>({
    ...snapshotQuery(useTimeloom(), executionId, sequence, path),
    placeholderData: (before) => (before?.executionId === executionId ? before : undefined),
    enabled: executionId !== "",
    ...options,
  });
}

/** The query of `useSnapshot`, for those who read states ahead of time. */
export function snapshotQuery(timeloom: Timeloom, executionId: string, sequence: number, path = "") {
  const params = { path: { executionId, sequence }, ...(path && { query: { path } }) };
  return {
    queryKey: ["get", SNAPSHOT, { params }],
    queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<Snapshot> =>
      call(timeloom.rest, "get", SNAPSHOT, { params, signal }),
    gcTime: STATE_KEPT_MS,
    ...lasting(sequence),
  };
}

/** What differs between two snapshots, also of different executions; below a JSON pointer if `path` is given. */
export function useSnapshotComparison(
  from: SnapshotRef,
  to: SnapshotRef,
  { path = "", ...options }: ReadOptions & { readonly path?: string } = {},
): Reading<Answer<"/api/agent-executions/{executionId}/diff">> {
  const query = {
    fromSequence: from.sequence,
    toSequence: to.sequence,
    ...(to.executionId !== from.executionId && { toExecutionId: to.executionId }),
    ...(path && { path }),
  };
  return useRead(
    "/api/agent-executions/{executionId}/diff",
    { path: { executionId: from.executionId }, query },
    { enabled: from.executionId !== "", ...lasting(Math.min(from.sequence, to.sequence)), ...options },
  );
}

/** When the value at a JSON pointer changed, oldest first, on the way to a snapshot; to the head if `sequence` is left out. */
export function useValueHistory(
  executionId: string,
  path: string,
  {
    sequence = 0,
    pageSize = 0,
    ...options
  }: ReadOptions & { readonly sequence?: number; readonly pageSize?: number } = {},
): Listing<ValueChange> {
  const query = { path, ...(sequence !== 0 && { sequence }), ...(pageSize !== 0 && { pageSize }) };
  const place = { path: { executionId }, query };
  return usePages("/api/agent-executions/{executionId}/history", "changes", place, {
    enabled: executionId !== "",
    ...options,
  });
}

/** Two executions side by side. */
export interface ExecutionComparison {
  /** The steps that were read yet, aligned. */
  readonly steps: readonly AlignedStep[];
  /** The first place where they differ, over all pages. */
  readonly firstDivergence: AlignedStep | undefined;
  readonly sameCount: number;
  readonly differentCount: number;
  /** How many steps only the first execution has. */
  readonly missingCount: number;
  /** How many steps only the other execution has. */
  readonly extraCount: number;
}

const COMPARE = "/api/agent-executions:compare";

/** Two executions step by step, on the ways to their heads; `fetchNextPage` reads on. */
export function useExecutionComparison(
  executionId: string,
  otherExecutionId: string,
  options?: ReadOptions,
): UseInfiniteQueryResult<ExecutionComparison, TimeloomError> {
  const place = { query: { executionId, otherExecutionId, pageSize: 500 } };
  return usePagesAs(COMPARE, place, toComparison, {
    enabled: executionId !== "" && otherExecutionId !== "",
    ...options,
  });
}

function toComparison({ pages }: InfiniteData<Answer<typeof COMPARE>>): ExecutionComparison {
  const first = pages[0];
  return {
    steps: pages.flatMap((page) => page.steps),
    firstDivergence: first?.firstDivergence,
    sameCount: first?.sameCount ?? 0,
    differentCount: first?.differentCount ?? 0,
    missingCount: first?.missingCount ?? 0,
    extraCount: first?.extraCount ?? 0,
  };
}

/** What is recorded never changes, but the head moves: a numbered snapshot stays fresh until the live stream says otherwise. */
function lasting(sequence: number): ReadOptions {
  return sequence === 0 ? {} : { staleTime: Number.POSITIVE_INFINITY };
}
