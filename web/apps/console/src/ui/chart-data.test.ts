import { expect, it } from "vitest";
import { type ChartSeries, drawnData, lonely, nearest, timeTicks } from "./chart-data";

const series = (id: string, values: (number | null)[]): ChartSeries => ({ id, label: id, tone: 0, values });

it("draws lines as they are", () => {
  expect(drawnData([1, 2], [series("a", [3, null])], "lines")).toEqual([
    [1, 2],
    [3, null],
  ]);
});

it("stacks the first on top of those after it", () => {
  const drawn = drawnData(
    [1, 2],
    [series("errors", [1, null]), series("rest", [5, 2]), series("more", [1, 1])],
    "stack",
  );
  expect(drawn).toEqual([
    [1, 2],
    [7, 3],
    [6, 3],
    [1, 1],
  ]);
});

it("marks what has no neighbour", () => {
  expect(lonely([1, null, 2, 3, null, undefined, 4])).toEqual([0, 6]);
  expect(lonely([])).toEqual([]);
});

it("finds the nearest time", () => {
  expect(nearest([10, 20, 30], 24)).toBe(1);
  expect(nearest([10, 20, 30], 99)).toBe(2);
  expect(nearest([], 5)).toBe(-1);
});

it("says the day where it changes, and only days where steps are long", () => {
  const start = new Date(2026, 10, 23, 23, 0).getTime();
  const hour = 3_600_000;
  expect(timeTicks([start, start + hour, start + 2 * hour], hour)).toEqual(["23:00", "Nov 24", "01:00"]);
  expect(timeTicks([start], 24 * hour)).toEqual(["Nov 23"]);
});
