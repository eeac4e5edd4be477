import { describe, expect, it } from "vitest";
import { type Bin, binsOf, heightOf, rangeOf } from "./histogram";

const BINS: readonly Bin[] = [
  { from: 0, to: 10, count: 1 },
  { from: 10, to: 100, count: 0 },
  { from: 100, to: 1000, count: 400 },
];

describe("a range of bins", () => {
  it("covers all bins where nothing is chosen", () => {
    expect(binsOf(BINS, undefined)).toEqual([0, 3]);
    expect(rangeOf(BINS, 0, 3)).toBeUndefined();
  });

  it("is open where it reaches an end", () => {
    expect(rangeOf(BINS, 0, 1)).toEqual({ to: 10 });
    expect(rangeOf(BINS, 1, 3)).toEqual({ from: 10 });
    expect(rangeOf(BINS, 1, 2)).toEqual({ from: 10, to: 100 });
  });

  it("is found again from its values", () => {
    for (const [first, end] of [
      [0, 1],
      [1, 2],
      [1, 3],
      [2, 3],
    ] as const) {
      expect(binsOf(BINS, rangeOf(BINS, first, end))).toEqual([first, end]);
    }
  });

  it("keeps at least one bin where the values lie beyond all", () => {
    expect(binsOf(BINS, { from: 5_000 })).toEqual([2, 3]);
    expect(binsOf(BINS, { to: -1 })).toEqual([0, 1]);
    expect(binsOf([], { from: 1 })).toEqual([0, 0]);
  });
});

it("shows a single one beside thousands, and nothing where there is none", () => {
  expect(heightOf(1, 10_000)).toBeGreaterThan(0.05);
  expect(heightOf(0, 10_000)).toBe(0);
  expect(heightOf(10_000, 10_000)).toBe(1);
});
