import type { TraceSpan } from "@timeloom/client";
import { describe, expect, it } from "vitest";
import {
  ancestors,
  closedBelow,
  layOut,
  preciseMs,
  spansWith,
  ticksOf,
  visibleRows,
  within,
  zoomed,
} from "./layout";

interface Given {
  readonly id: string;
  readonly depth: number;
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly name?: string;
}

const ORIGIN = Date.parse("2026-11-24T10:00:00Z");

function spanOf({ id, depth, startMs = 0, durationMs = 10, name = id }: Given): TraceSpan {
  const event = {
    spanId: id,
    name,
    startTime: new Date(ORIGIN + startMs).toISOString(),
    durationMs,
    status: "OK",
    kind: "TOOL",
  };
  return { event, depth, childCount: 0, isCritical: false, selfMs: 0, moments: [] } as unknown as TraceSpan;
}

// root -> (a -> (b, c), d), and a stray span whose parent has not arrived.
const layout = layOut([
  spanOf({ id: "root", depth: 0, durationMs: 100 }),
  spanOf({ id: "a", depth: 1, startMs: 10, durationMs: 50 }),
  spanOf({ id: "b", depth: 2, startMs: 20, name: "look up" }),
  spanOf({ id: "c", depth: 2, startMs: 30, name: "look away" }),
  spanOf({ id: "d", depth: 1, startMs: 70 }),
  spanOf({ id: "stray", depth: 0, startMs: 95, durationMs: 20 }),
]);
const names = (indexes: readonly number[]) => indexes.map((index) => layout.spans[index]?.event.spanId);

describe("a layout", () => {
  it("knows parents and what is below", () => {
    expect(layout.spans.map((each) => [each.event.spanId, each.parent, each.end])).toEqual([
      ["root", -1, 5],
      ["a", 0, 4],
      ["b", 1, 3],
      ["c", 1, 4],
      ["d", 0, 5],
      ["stray", -1, 6],
    ]);
  });

  it("begins with the first span and ends with the last end", () => {
    expect([layout.origin, layout.length, layout.spans[4]?.start]).toEqual([ORIGIN, 115, 70]);
  });

  it("is empty without spans", () => {
    expect(layOut([])).toEqual({ spans: [], length: 0, origin: 0 });
  });

  it("keeps microseconds", () => {
    expect(preciseMs("2026-11-24T10:00:00.001250Z") - ORIGIN).toBeCloseTo(1.25, 3);
    expect(preciseMs("2026-11-24T10:00:00Z")).toBe(ORIGIN);
  });
});

describe("rows", () => {
  it("leave out what is below a closed span", () => {
    expect(names(visibleRows(layout, new Set(["a"])))).toEqual(["root", "a", "d", "stray"]);
    expect(visibleRows(layout, new Set())).toHaveLength(6);
  });

  it("are closed below a depth", () => {
    expect(names(visibleRows(layout, closedBelow(layout, 0)))).toEqual(["root", "stray"]);
    expect([...closedBelow(layout, 1)]).toEqual(["a"]);
  });

  it("are found by all of the words", () => {
    expect(names(spansWith(layout, "LOOK"))).toEqual(["b", "c"]);
    expect(names(spansWith(layout, " up look "))).toEqual(["b"]);
    expect(spansWith(layout, "  ")).toEqual([]);
  });

  it("know the way to the root", () => {
    expect(ancestors(layout, 3).map((each) => each.event.spanId)).toEqual(["root", "a"]);
    expect(ancestors(layout, 5)).toEqual([]);
  });
});

describe("a window", () => {
  it("stays within the trace", () => {
    expect(within({ from: -20, to: 30 }, 100)).toEqual({ from: 0, to: 50 });
    expect(within({ from: 80, to: 130 }, 100)).toEqual({ from: 50, to: 100 });
    expect(within({ from: -5, to: 500 }, 100)).toEqual({ from: 0, to: 100 });
  });

  it("is never too short to be looked at", () => {
    const { from, to } = within({ from: 50, to: 50 }, 100);
    expect(to - from).toBeCloseTo(0.005);
  });

  it("zooms around what stays where it is", () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 25, 100)).toEqual({ from: 12.5, to: 62.5 });
  });

  it("has round ticks", () => {
    expect(ticksOf({ from: 3, to: 100 }, 5)).toEqual([20, 40, 60, 80, 100]);
    expect(ticksOf({ from: 5, to: 5 }, 5)).toEqual([]);
  });
});
