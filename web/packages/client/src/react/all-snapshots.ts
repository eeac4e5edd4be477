import { type QueryClient, type QueryKey, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Timeloom } from "../client.js";
import type { TimeloomError } from "../problem.js";
import { call } from "../rest.js";
import type { LiveEvent, Snapshot } from "../types.js";
import { useLiveTopic } from "./live.js";
import { useTimeloom } from "./provider.js";
import type { Reading, ReadOptions } from "./queries.js";

const SNAPSHOTS = "/api/agent-executions/{executionId}/snapshots";
/** How many snapshots of an execution a page holds at most; of a longer one, the newest. */
export const ALL_SNAPSHOTS_MAX = 50_000;
const PAGE = 1_000;

/**
 * All snapshots of an execution without their states, oldest first: what a time slider needs. Live, and only what is
 * new is read, however long the execution is.
 */
export function useAllSnapshots(executionId: string, options?: ReadOptions): Reading<readonly Snapshot[]> {
  const timeloom = useTimeloom();
  const queries = useQueryClient();
  // Below the path of the execution, so that its events have it read on. What is known stays: only new ones are read.
  const queryKey = ["get", `${SNAPSHOTS}:all`, { params: { path: { executionId } } }];
  const enabled = executionId !== "" && options?.enabled !== false;
  useLiveTopic(enabled ? `executions/${executionId}` : "", {
    onEvent: (event) => follow(queries, queryKey, event),
  });
  return useQuery<readonly Snapshot[], TimeloomError>({
    queryKey,
    queryFn: ({ signal }) => readOn(timeloom, executionId, queries.getQueryData(queryKey) ?? [], signal),
    ...options,
    enabled,
  });
}

async function readOn(
  timeloom: Timeloom,
  executionId: string,
  known: readonly Snapshot[],
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  let found = known;
  for (let token = ""; ; ) {
    const query = {
      afterSequence: known.at(-1)?.sequence ?? 0,
      pageSize: PAGE,
      ...(token && { pageToken: token }),
    };
    const page = await call(timeloom.rest, "get", SNAPSHOTS, {
      params: { path: { executionId }, query },
      signal,
    });
    found = [...found, ...page.snapshots].slice(-ALL_SNAPSHOTS_MAX);
    token = page.nextPageToken;
    if (token === "") return found;
  }
}

/** What events say of snapshots that are known already. */
function follow(
  queries: QueryClient,
  queryKey: QueryKey,
  { snapshotUpdated, snapshotsDeleted }: LiveEvent,
): void {
  if (snapshotsDeleted) void queries.resetQueries({ queryKey }); // of a range, and it does not say which
  if (snapshotUpdated) {
    const { sequence, label, tags } = snapshotUpdated;
    queries.setQueryData<readonly Snapshot[]>(queryKey, (known) =>
      known?.map((each) => (each.sequence === sequence ? { ...each, label, tags } : each)),
    );
  }
}
