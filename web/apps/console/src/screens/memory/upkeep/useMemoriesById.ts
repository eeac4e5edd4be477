import type { Memory } from "@timeloom/client";
import { useAgentMemory } from "@timeloom/client/react";
import { useMemo } from "react";

/** So many are read of those that a plan or a proposal names. */
export const NAMED_READ_MAX = 100;

/** What memories say, by their ids, in whatever state they are. */
export function useMemoriesById(ids: readonly string[]): ReadonlyMap<string, Memory> {
  const memoryIds = ids.slice(0, NAMED_READ_MAX);
  const { list } = useAgentMemory(
    {
      pageSize: NAMED_READ_MAX,
      filter: {
        memoryIds,
        includeSuperseded: true,
        includeArchived: true,
        includeExpired: true,
        includeDeleted: true,
      },
    },
    { enabled: memoryIds.length > 0 },
  );
  const found = list.data;
  return useMemo(() => new Map((found ?? []).map((each) => [each.id, each])), [found]);
}
