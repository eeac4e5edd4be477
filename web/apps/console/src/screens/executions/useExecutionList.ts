import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Execution, TimeloomError } from "@timeloom/client";
import { type ExecutionFilter, useLiveTopic, useTimeloom } from "@timeloom/client/react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { advance, CHANGES_MAX, emptyList, type LiveList, newerOf, rowsOf, unseenOf } from "./liveList";
import { type ExecutionsSearch, filterOf, isWanted } from "./search";

/** The first page is there soon, and whoever scrolls on wants many. */
const FIRST_PAGE_SIZE = 250;
const PAGE_SIZE = 1_000;
/** The most rows that are read into the page. */
export const ROWS_MAX = 100_000;
/** How often rows change at most, and how often the beginning of the list and the counts are read anew. */
const CHANGES_EVERY_MS = 200;
const BEGINNING_EVERY_MS = 1_000;
const COUNTS_EVERY_MS = 3_000;
/** Where counting takes long, it is done the more rarely: so many times its duration lie between two counts. */
const COUNTS_REST = 20;
const FACET_VALUES = 100;
const REREAD_PAGES_MAX = 4;

export interface ExecutionList {
  readonly rows: readonly Execution[];
  readonly isPending: boolean;
  /** The rows are those of the search before, while the new ones are read. */
  readonly isStale: boolean;
  readonly error: TimeloomError | null;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
  /** Reads the list from its beginning. */
  readonly reload: () => void;
  /** How many began since that are not shown yet. */
  readonly newCount: number;
  readonly showNew: () => void;
}

interface PageOfExecutions {
  readonly executions: Execution[];
  readonly nextPageToken: string;
}

/** The executions of a search, page by page, and what becomes of them while one looks. */
export function useExecutionList(search: ExecutionsSearch): ExecutionList {
  const readPage = useReadPage(search);
  const queries = useQueryClient();
  const key = JSON.stringify(search);
  // Not below a path of the interface: the live stream would have all pages read anew.
  const queryKey = useMemo(() => ["executions in pages", key], [key]);
  const query = useInfiniteQuery<
    PageOfExecutions,
    TimeloomError,
    InfiniteData<PageOfExecutions>,
    string[],
    string
  >({
    queryKey,
    queryFn: ({ pageParam, signal }) => readPage(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page, pages) =>
      pages.length * PAGE_SIZE <= ROWS_MAX && page.nextPageToken !== "" ? page.nextPageToken : undefined,
    structuralSharing: false,
    staleTime: Number.POSITIVE_INFINITY,
    // Whoever comes back finds the list where it was. A short one is read anew; of a long one the beginning is.
    refetchOnMount: ({ state }) => (state.data?.pages.length ?? 0) <= REREAD_PAGES_MAX && "always",
    placeholderData: (previous) => previous,
  });
  const [kept, dispatch] = useReducer(advance, emptyList(key));
  const list = useMemo(() => (kept.key === key ? kept : emptyList(key)), [kept, key]);
  const rows = useMemo(
    () => rowsOf(list, query.data?.pages.map((page) => page.executions) ?? []),
    [list, query.data],
  );
  const unseen = useMemo(() => unseenOf(list, rows), [list, rows]);
  const reload = useCallback(() => {
    dispatch({ key: "", type: "show" });
    void queries.resetQueries({ queryKey });
  }, [queries, queryKey]);
  const isHole = unseen.length >= FIRST_PAGE_SIZE;
  const showNew = useCallback(() => {
    if (isHole) reload();
    else dispatch({ key, type: "show" });
  }, [isHole, reload, key]);
  useLiveChanges({ search, key, rows, list, dispatch, readPage, reload, isReady: query.isSuccess });
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  return {
    rows,
    isPending: query.isPending,
    isStale: query.isPlaceholderData,
    error: query.error,
    hasMore: hasNextPage,
    isLoadingMore: isFetchingNextPage,
    loadMore: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    reload,
    newCount: unseen.length,
    showNew,
  };
}

function useReadPage(search: ExecutionsSearch) {
  const { rest } = useTimeloom();
  const { sort } = search;
  const filter = useFilter(search);
  return useCallback(
    async (pageToken: string, signal?: AbortSignal): Promise<PageOfExecutions> => {
      const pageSize = pageToken === "" ? FIRST_PAGE_SIZE : PAGE_SIZE;
      const query = { ...filter, pageSize, withoutDocuments: true, orderBy: sort };
      const { data } = await rest.GET("/api/agent-executions", {
        params: { query: defined({ ...query, ...(pageToken !== "" && { pageToken }) }) },
        ...(signal && { signal }),
      });
      return data as PageOfExecutions;
    },
    [rest, filter, sort],
  );
}

/** The filter of a search; the same object as long as it says the same. */
function useFilter(search: ExecutionsSearch): ExecutionFilter {
  const text = JSON.stringify(defined(filterOf(search)));
  return useMemo(() => JSON.parse(text) as ExecutionFilter, [text]);
}

function defined<T extends object>(query: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never;
}

interface LiveChanges {
  readonly search: ExecutionsSearch;
  readonly key: string;
  readonly rows: readonly Execution[];
  readonly list: LiveList;
  readonly dispatch: (action: Parameters<typeof advance>[1]) => void;
  readonly readPage: (pageToken: string) => Promise<PageOfExecutions>;
  readonly reload: () => void;
  readonly isReady: boolean;
}

/** Follows the live stream: rows that are shown change, and what is not shown has the beginning read anew. */
function useLiveChanges(of: LiveChanges): void {
  const latest = useRef(of);
  const pending = useRef(new Map<string, Execution | undefined>());
  useEffect(() => {
    latest.current = of;
  });
  const byId = useRef({ rows: of.rows, ids: new Map<string, Execution>() });
  const find = (id: string): Execution | undefined => {
    if (byId.current.rows !== latest.current.rows)
      byId.current = {
        rows: latest.current.rows,
        ids: new Map(latest.current.rows.map((each) => [each.id, each])),
      };
    return pending.current.get(id) ?? byId.current.ids.get(id);
  };
  const flush = useThrottle(CHANGES_EVERY_MS, () => {
    const { key, dispatch, list, reload } = latest.current;
    const changes = pending.current;
    pending.current = new Map();
    if (list.changed.size + changes.size > CHANGES_MAX) reload();
    else dispatch({ key, type: "changed", changes });
  });
  const readBeginning = useThrottle(BEGINNING_EVERY_MS, () => {
    const { key, dispatch, readPage } = latest.current;
    void readPage("").then(
      ({ executions }) => dispatch({ key, type: "read", executions }),
      () => undefined, // the next event, or a reload, reads it again
    );
  });
  const change = (id: string, execution: Execution | undefined) => {
    pending.current.set(id, execution);
    flush();
  };
  const { isReady } = of;
  useLiveTopic(isReady ? "executions" : "", {
    onGap: readBeginning,
    onEvent: (event) => {
      const told = event.executionCreated?.execution ?? event.executionUpdated?.execution;
      if (told !== undefined) {
        const known = find(told.id);
        if (known !== undefined) change(told.id, newerOf(known, told));
        else if (isWanted(told, latest.current.search)) readBeginning();
      }
      const deleted = event.executionDeleted?.executionId;
      if (deleted !== undefined && find(deleted) !== undefined) change(deleted, undefined);
      const recorded = event.snapshotsRecorded;
      const grown = recorded && find(recorded.executionId);
      if (grown && grown.snapshotCount < recorded.lastSequence)
        change(grown.id, {
          ...grown,
          headSequence: recorded.lastSequence,
          snapshotCount: recorded.lastSequence,
        });
    },
  });
}

/** How many executions of a search there are of what, and how long they took; read anew while things happen. */
export function useExecutionCounts(search: ExecutionsSearch) {
  const { rest } = useTimeloom();
  const filter = useFilter(search);
  const [everyMs, setEveryMs] = useState(COUNTS_EVERY_MS);
  const query = useQuery({
    queryKey: ["executions counted", filter],
    queryFn: async ({ signal }) => {
      const params = { query: { ...filter, valueLimit: FACET_VALUES } as never };
      const began = performance.now();
      const { data } = await rest.GET("/api/agent-executions:count", { params, signal });
      setEveryMs(Math.max(COUNTS_EVERY_MS, (performance.now() - began) * COUNTS_REST));
      return data;
    },
    placeholderData: (previous) => previous,
  });
  const { refetch } = query;
  const readAnew = useThrottle(everyMs, () => void refetch());
  useLiveTopic("executions", {
    onGap: readAnew,
    onEvent: (event) => {
      if (event.executionCreated ?? event.executionUpdated ?? event.executionDeleted) readAnew();
    },
  });
  return query;
}

/** Calls at most once in so many milliseconds, and not after the component is gone. */
function useThrottle(everyMs: number, run: () => void): () => void {
  const latest = useRef(run);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, everyMs);
  }, [everyMs]);
}
