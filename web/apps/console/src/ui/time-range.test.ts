import { describe, expect, it } from "vitest";
import {
  between,
  parseRange,
  rangeLabel,
  resolveRange,
  spanBefore,
  stepSecondsOf,
  writeRange,
} from "./time-range";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const HOUR = 3_600_000;

describe("a range in a URL", () => {
  it.each(["15m", "1h", "24h", "7d", "30d", "90d", "36h"])("is read and written the same: %s", (text) => {
    const range = parseRange(text);
    expect(range && writeRange(range)).toBe(text);
  });

  it("names two moments", () => {
    const range = between({ from: NOON, to: NOON + HOUR });
    expect(parseRange(writeRange(range))).toEqual(range);
  });

  it.each([
    "",
    "0h",
    "1y",
    "yesterday",
    "2026-11-24T12:00:00Z..",
    "2026-11-24T12:00:00Z..2026-11-23T12:00:00Z",
  ])("is refused where it says no time: %s", (text) => expect(parseRange(text)).toBeUndefined());
});

describe("a range that ends now", () => {
  const range = { kind: "last", seconds: 3_600 } as const;

  it("stays the same for a while, and then moves on", () => {
    const first = resolveRange(range, NOON + 1);
    expect(resolveRange(range, NOON + 14_000)).toEqual(first);
    expect(resolveRange(range, NOON + 16_000).to).toBe(first.to + 15_000);
  });

  it("ends after now, and is as long as it says", () => {
    const { from, to } = resolveRange(range, NOON + 1);
    expect([to >= NOON + 1, to - from]).toEqual([true, HOUR]);
  });

  it("is told in words", () => {
    expect(rangeLabel(range)).toBe("Last hour");
    expect(rangeLabel({ kind: "last", seconds: 86_400 })).toBe("Last 24 hours");
  });
});

it("the span before ends where a span begins", () => {
  expect(spanBefore({ from: NOON, to: NOON + HOUR })).toEqual({ from: NOON - HOUR, to: NOON });
});

it.each([
  [HOUR, 60, 60],
  [24 * HOUR, 96, 900],
  [30 * 24 * HOUR, 96, 43_200],
  [10_000 * 24 * HOUR, 96, 15 * 604_800],
])("a span of %d ms in at most %d points has steps of %d s", (length, points, step) => {
  expect(stepSecondsOf({ from: NOON - length, to: NOON }, points)).toBe(step);
});
