import { type Execution, TimeloomError } from "@timeloom/client";
import { describe, expect, it } from "vitest";
import { forEach } from "./bulk";
import { advance, emptyList, newerOf, rowsOf, unseenOf } from "./liveList";
import { isWanted, narrowings, orderOf, parseSearch, sortOf } from "./search";

function execution(id: string, fields: Partial<Execution> = {}): Execution {
  return {
    id,
    agentId: "planner",
    sessionId: "",
    name: `Execution ${id}`,
    status: "RUNNING",
    headSequence: 0,
    snapshotCount: 0,
    traceId: "",
    tags: [],
    createTime: "2026-01-01T00:00:00Z",
    updateTime: "2026-01-01T00:00:00Z",
    etag: "1",
    ...fields,
  };
}

const ids = (rows: readonly Execution[]) => rows.map((each) => each.id).join(" ");

describe("the search of an address", () => {
  it("keeps what makes sense and leaves the rest out", () => {
    const read = parseSearch({
      q: "trip",
      status: ["FAILED", "NONSENSE"],
      agent: "planner",
      tag: [],
      min: -3,
      max: 8,
      sort: "size",
    });
    expect(read).toEqual({ q: "trip", status: ["FAILED"], agent: ["planner"], max: 8 });
    expect(narrowings(read)).toBe(4);
  });

  it("comes back from what the header of the table shows", () => {
    expect(sortOf({})).toEqual({ key: "when", isDescending: true });
    expect(orderOf({ key: "when", isDescending: true })).toBeUndefined();
    for (const sort of ["create_time", "name", "name desc"] as const)
      expect(orderOf(sortOf({ sort }))).toBe(sort);
  });

  it("tells what it wants as the server does", () => {
    const ended = execution("a", { status: "FAILED", tags: ["x", "y"], endTime: "2026-01-01T00:00:00.008Z" });
    for (const search of [
      {},
      { q: "EXEC" },
      { status: ["FAILED", "RUNNING"] as const },
      { tag: ["y"] },
      { min: 8 },
      { max: 9 },
    ])
      expect(isWanted(ended, search)).toBe(true);
    for (const search of [{ q: "other" }, { agent: ["writer"] }, { tag: ["x", "z"] }, { max: 8 }, { min: 9 }])
      expect(isWanted(ended, search)).toBe(false);
    expect(isWanted(execution("b"), { min: 1 })).toBe(false);
  });
});

describe("a list that is followed", () => {
  const pages = [[execution("c"), execution("b")], [execution("a")]];

  it("changes its rows in place and loses those that are deleted", () => {
    const changes = new Map([
      ["b", execution("b", { status: "SUCCEEDED" })],
      ["c", undefined],
    ]);
    const rows = rowsOf(advance(emptyList("k"), { key: "k", type: "changed", changes }), pages);
    expect(rows.map((each) => [each.id, each.status])).toEqual([
      ["b", "SUCCEEDED"],
      ["a", "RUNNING"],
    ]);
  });

  it("shows what is new only when it is told to, in its place and once", () => {
    const fresh = [execution("e"), execution("d"), execution("c", { name: "Renamed" })];
    const read = advance(emptyList("k"), { key: "k", type: "read", executions: fresh });
    expect(ids(rowsOf(read, pages))).toBe("c b a");
    expect(rowsOf(read, pages)[0]?.name).toBe("Renamed");
    expect(ids(unseenOf(read, rowsOf(read, pages)))).toBe("e d");
    const shown = advance(read, { key: "k", type: "show" });
    expect(ids(rowsOf(shown, pages))).toBe("e d c b a");
    expect(unseenOf(shown, rowsOf(shown, pages))).toEqual([]);
    const again = advance(shown, { key: "k", type: "read", executions: [execution("f"), ...fresh] });
    expect(ids(rowsOf(advance(again, { key: "k", type: "show" }), pages))).toBe("f e d c b a");
  });

  it("forgets what it knew of another search", () => {
    const read = advance(emptyList("k"), { key: "k", type: "read", executions: [execution("e")] });
    expect(advance(read, { key: "other", type: "show" }).top).toEqual([]);
  });

  it("does not go back to what was before", () => {
    const now = execution("a", { updateTime: "2026-01-02T00:00:00Z" });
    expect(newerOf(now, execution("a"))).toBe(now);
    expect(newerOf(execution("a"), now)).toBe(now);
    expect(newerOf(undefined, now)).toBe(now);
  });
});

describe("doing the same to many", () => {
  it("does it to each once, and counts what is gone as done", async () => {
    const done: number[] = [];
    const counts: number[] = [];
    const gone = new TimeloomError({ message: "gone", status: 404, code: "NOT_FOUND" });
    const run = (item: number) => (item === 3 ? Promise.reject(gone) : Promise.resolve(done.push(item)));
    await forEach([1, 2, 3, 4, 5, 6], run, (count) => counts.push(count));
    expect(done).toEqual([1, 2, 4, 5, 6]);
    expect(counts.at(-1)).toBe(6);
  });

  it("stops at the first refusal", async () => {
    const refusal = new TimeloomError({ message: "no", status: 403, code: "FORBIDDEN" });
    let calls = 0;
    const run = () => {
      calls += 1;
      return Promise.reject(refusal);
    };
    await expect(forEach(Array.from({ length: 50 }), run)).rejects.toBe(refusal);
    expect(calls).toBeLessThan(10);
  });
});
