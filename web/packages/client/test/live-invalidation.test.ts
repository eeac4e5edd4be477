import { type InfiniteData, InfiniteQueryObserver, QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LiveEvent } from "../src/index.js";
import { WHOLE_PAGES_MAX, withFirstPage } from "../src/react/anew.js";
import { isStale, Staleness, staleAfterGap, staleBy } from "../src/react/live-invalidation.js";

const list = ["get", "/api/agent-executions", { params: {} }, "pages"];
const one = (id: string) => [
  "get",
  "/api/agent-executions/{executionId}",
  { params: { path: { executionId: id } } },
];
const snapshots = (id: string) => [
  "get",
  "/api/agent-executions/{executionId}/snapshots",
  { params: { path: { executionId: id } } },
  "pages",
];
const recorded = { snapshotsRecorded: { executionId: "a" }, topic: "executions/a" } as LiveEvent;

describe("what an event makes stale", () => {
  test.each([
    ["the list", list, true],
    ["the execution", one("a"), true],
    ["what is below it", snapshots("a"), true],
    ["another execution", one("b"), false],
    ["another list", ["get", "/api/tasks"], false],
    ["what somebody searched for", ["post", "/api/agent-executions", {}], false],
    ["a key that is none of ours", ["session"], false],
  ])("%s: %s", (_name, key, expected) => {
    expect(isStale(key as readonly unknown[], staleBy("snapshotsRecorded", recorded))).toBe(expected);
  });

  test("a record of the workspace, by its table", () => {
    const event = { workspaceRecordsChanged: { table: "agent_sessions" } } as LiveEvent;
    expect(staleBy("workspaceRecordsChanged", event)).toEqual([{ path: "/api/agent-sessions" }]);
  });

  test("an event of a newer gateway makes nothing stale", () => {
    expect(staleBy("somethingNew" as never, {} as LiveEvent)).toEqual([]);
  });

  test("a gap, everything of its topic", () => {
    expect(staleAfterGap("executions/a")).toEqual([{ path: "/api/agent-executions" }]);
    expect(staleAfterGap("events?kinds=LLM")).toEqual([{ path: "/api/observability" }]);
    expect(isStale(list, staleAfterGap("*"))).toBe(true);
  });
});

describe("reading anew", () => {
  let queries: QueryClient;
  let staleness: Staleness;
  let reads: number;

  beforeEach(() => {
    vi.useFakeTimers();
    queries = new QueryClient();
    staleness = new Staleness(queries, 250);
    reads = 0;
  });

  afterEach(() => {
    staleness.stop();
    queries.clear();
    vi.useRealTimers();
  });

  /** A list of so many pages that somebody looks at; each page takes so long. */
  async function show(
    pageCount: number,
    items: () => { id: string }[],
    tookMs = 0,
  ): Promise<() => string[][]> {
    const observer = new InfiniteQueryObserver(queries, {
      queryKey: list,
      initialPageParam: "",
      queryFn: async () => {
        reads += 1;
        const executions = items();
        await new Promise((resolve) => setTimeout(resolve, tookMs));
        return { executions, nextPageToken: String(reads) };
      },
      getNextPageParam: (page: { nextPageToken: string }) => page.nextPageToken,
    });
    observer.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(tookMs);
    for (let page = 1; page < pageCount; page++) {
      void observer.fetchNextPage();
      await vi.advanceTimersByTimeAsync(tookMs);
    }
    reads = 0;
    const data = () => queries.getQueryData<InfiniteData<{ executions: { id: string }[] }>>(list);
    return () => (data()?.pages ?? []).map((page) => page.executions.map(({ id }) => id));
  }

  test("happens at once, and then no more than every so often", async () => {
    await show(1, () => []);
    for (let event = 0; event < 10; event++) {
      staleness.addEvent("snapshotsRecorded", recorded);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(reads).toBe(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(reads).toBe(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toBe(2);
  });

  test("lets what is being read come in, and reads it once more", async () => {
    await show(1, () => [], 1_000);
    staleness.addEvent("snapshotsRecorded", recorded);
    await vi.advanceTimersByTimeAsync(0);
    staleness.addEvent("snapshotsRecorded", recorded);
    await vi.advanceTimersByTimeAsync(900);
    expect(reads).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toBe(2);
  });

  test("costs one request for a list of many pages, and events say the rest", async () => {
    let count = 0;
    const shown = await show(WHOLE_PAGES_MAX + 1, () => [{ id: `${count++}` }, { id: `${count++}` }]);
    expect(shown()).toEqual([
      ["0", "1"],
      ["2", "3"],
      ["4", "5"],
      ["6", "7"],
    ]);
    count = 0;
    const event = { executionDeleted: { executionId: "5" }, topic: "executions/5" } as LiveEvent;
    staleness.addEvent("executionDeleted", event);
    await vi.advanceTimersByTimeAsync(0);
    expect([reads, shown()]).toEqual([1, [["0", "1"], ["2", "3"], ["4"], ["6", "7"]]]);
  });
});

describe("a first page that was read anew", () => {
  const page = (ids: string, token: string) => ({
    executions: [...ids].map((id) => ({ id })),
    nextPageToken: token,
  });
  const joined = (pages: readonly string[], fresh: string) =>
    withFirstPage(
      { pages: pages.map((ids, place) => page(ids, `${place}`)), pageParams: pages.map(String) },
      page(fresh, "new"),
    ).pages.map((each) => [
      (each.executions as { id: string }[]).map(({ id }) => id).join(""),
      each.nextPageToken,
    ]);

  test("brings new items, and keeps what the old page had beyond it", () => {
    expect(joined(["cba", "zyx"], "edc")).toEqual([
      ["edcba", "0"],
      ["zyx", "1"],
    ]);
  });

  test("drops what is gone, and what moved to the front", () => {
    expect(joined(["cba", "zyx"], "yca")).toEqual([
      ["yca", "0"],
      ["zx", "1"],
    ]);
  });

  test("is all that is left if nothing joins it to the others", () => {
    expect(joined(["cba", "zyx"], "ihg")).toEqual([["ihg", "new"]]);
  });
});
