import { expect, it } from "vitest";
import { type Answered, groupLines, growth, lineBefore, metricLines, outcomeBars, timesOf } from "./figures";

function answered(group: string[], values: Readonly<Record<string, (number | undefined)[]>>): Answered {
  const metrics = Object.entries(values).map(([metric, list]) => ({
    metric: metric as "COUNT",
    values: list.map((value) => (value === undefined ? {} : { value })),
  }));
  return {
    times: ["2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"],
    series: [{ group, isRest: false, metrics }],
  };
}

it("errors stand apart from what went well", () => {
  expect(
    outcomeBars(answered([], { COUNT: [5, undefined], ERROR_COUNT: [2, undefined] })).map(
      (each) => each.values,
    ),
  ).toEqual([
    [2, 0],
    [3, 0],
  ]);
});

it("a value that is missing is no zero", () => {
  const lines = metricLines(answered([], { DURATION_P95: [120, undefined] }), [
    { metric: "DURATION_P95", label: "p95", tone: 1 },
  ]);
  expect(lines).toEqual([{ id: "DURATION_P95", label: "p95", tone: 1, values: [120, null] }]);
});

it("groups have a line each, but what has no value has none", () => {
  const named = answered(["gpt-4o"], { COST: [1, 2] });
  const unnamed = answered([""], { COST: [0, 0] });
  const rest = { ...answered([], { COST: [3, 4] }).series[0], isRest: true } as Answered["series"][number];
  const all = { times: named.times, series: [...named.series, ...unnamed.series, rest] };
  expect(groupLines(all, "COST")).toEqual([
    { id: "gpt-4o", label: "gpt-4o", tone: 0, values: [1, 2] },
    { id: "", label: "All others", tone: "muted", values: [3, 4] },
  ]);
});

it("the time before lies over this time, as near as the steps allow", () => {
  const before = answered([], { COUNT: [7, 8] });
  const [hour, day] = [3_600_000, 86_400_000];
  const lay = (shift: number) => {
    const now = timesOf(before).map((each) => each + day + shift);
    return lineBefore([...now, 0], before, "COUNT", { lengthMs: day, stepMs: hour }).values;
  };
  expect(lay(0)).toEqual([7, 8, null]);
  expect(lay(hour / 3)).toEqual([7, 8, null]);
});

it("growth is a share of what was", () => {
  expect([growth(15, 10), growth(5, 10), growth(5, 0), growth(5, undefined)]).toEqual([
    0.5,
    -0.5,
    undefined,
    undefined,
  ]);
});
