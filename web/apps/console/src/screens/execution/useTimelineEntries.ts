import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Execution, TimelineEntry, Timeloom } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";

/** Of a longer timeline, the first so many entries are shown. */
export const ENTRIES_MAX = 20_000;
const PAGE_SIZE = 1_000;
/** While an execution runs, what happened besides its steps is read at most so often. */
const SETTLED_MS = 1_500;
const NONE: readonly TimelineEntry[] = [];

/** What happened in an execution besides its steps: effects, forks, moves of the head. */
export function useTimelineEntries(execution: Execution): readonly TimelineEntry[] {
  const timeloom = useTimeloom();
  const [settled] = useDebouncedValue(execution.updateTime, SETTLED_MS);
  const found = useQuery({
    queryKey: ["execution-timeline", execution.id, settled],
    queryFn: ({ signal }) => readAll(timeloom, execution.id, signal),
    placeholderData: keepPreviousData,
  });
  return found.data ?? NONE;
}

async function readAll(timeloom: Timeloom, executionId: string, signal: AbortSignal) {
  const entries: TimelineEntry[] = [];
  let pageToken = "";
  do {
    const query = { pageSize: PAGE_SIZE, ...(pageToken !== "" && { pageToken }) };
    const { data } = await timeloom.rest.GET("/api/agent-executions/{executionId}/timeline", {
      params: { path: { executionId }, query },
      signal,
    });
    // The steps are known already, and told live.
    entries.push(...(data?.entries ?? []).filter((entry) => entry.snapshot === undefined));
    pageToken = data?.nextPageToken ?? "";
  } while (pageToken !== "" && entries.length < ENTRIES_MAX);
  return entries;
}
