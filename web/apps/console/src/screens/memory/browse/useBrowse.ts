import { useNavigate, useSearch } from "@tanstack/react-router";
import type { MemoryKind } from "@timeloom/client";
import { useCallback, useMemo } from "react";
import type { BrowseSearch } from "../search";

interface Filter {
  readonly kinds?: MemoryKind[];
  readonly tags?: string[];
  readonly importanceMin?: number;
  readonly asOf?: string;
  readonly includeSuperseded?: boolean;
  readonly includeArchived?: boolean;
  readonly includeDeleted?: boolean;
}

/** What the address says, and how to change it. */
export function useBrowse() {
  const search = useSearch({ from: "/memory" });
  const navigate = useNavigate({ from: "/memory" });
  const change = useCallback(
    (changes: BrowseSearch, { replace = true }: { replace?: boolean } = {}) =>
      void navigate({ search: (before) => ({ ...before, ...changes }), replace }),
    [navigate],
  );
  const filter = useMemo(() => filterOf(search), [search]);
  return { search, change, filter };
}

/** The filter of the contract that the address asks for. */
export function filterOf(search: BrowseSearch): Filter {
  const shown = search.with ?? [];
  return {
    ...(search.kinds && { kinds: [...search.kinds] }),
    ...(search.tags && { tags: [...search.tags] }),
    ...(search.importance !== undefined && { importanceMin: search.importance }),
    ...(search.asOf !== undefined && { asOf: search.asOf }),
    ...(shown.includes("superseded") && { includeSuperseded: true }),
    ...(shown.includes("archived") && { includeArchived: true }),
    ...(shown.includes("deleted") && { includeDeleted: true }),
  };
}

/** How many conditions narrow the list. */
export function conditionCount(search: BrowseSearch): number {
  return [search.kinds, search.tags, search.importance, search.asOf, search.with].filter(
    (each) => each !== undefined,
  ).length;
}
