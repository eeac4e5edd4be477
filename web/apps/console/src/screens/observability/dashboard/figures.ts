import type { MetricSeries } from "@timeloom/client";
import type { ChartSeries } from "../../../ui/chart-data";
import type { Tone } from "../../../ui/series-colours";

/** What the interface answers to a question for metrics. */
export interface Answered {
  readonly series: readonly MetricSeries[];
  readonly times: readonly string[];
}

/** The numbers of one metric of a series; null where there is none. */
export function valuesOf(series: MetricSeries | undefined, metric: string): (number | null)[] {
  const found = series?.metrics.find((each) => each.metric === metric);
  return found?.values.map((each) => (typeof each.value === "number" ? each.value : null)) ?? [];
}

/** One number of one metric. */
export function figureOf(series: MetricSeries | undefined, metric: string): number | undefined {
  return valuesOf(series, metric)[0] ?? undefined;
}

/** The times of an answer, in milliseconds. */
export function timesOf(answer: Answered | undefined): number[] {
  return answer?.times.map((each) => Date.parse(each)) ?? [];
}

/** How a group is called. */
export function groupLabel({ group, isRest }: Pick<MetricSeries, "group" | "isRest">): string {
  if (isRest) return "All others";
  return group.map((each) => each || "none").join(", ");
}

/** One line for each group. The rest is quiet in colour. */
export function groupLines(answer: Answered | undefined, metric: string): ChartSeries[] {
  const named =
    answer?.series.filter((each) => each.isRest || each.group.some((value) => value !== "")) ?? [];
  return named.map((each, at) => ({
    id: each.isRest ? "" : (each.group[0] ?? ""),
    label: groupLabel(each),
    tone: each.isRest ? "muted" : at,
    values: valuesOf(each, metric),
  }));
}

/** What a line of one series shows. */
export interface Line {
  readonly metric: string;
  readonly label: string;
  readonly tone: Tone;
}

/** Lines of the metrics of the one series of an answer. */
export function metricLines(answer: Answered | undefined, lines: readonly Line[]): ChartSeries[] {
  const series = answer?.series[0];
  return lines.map(({ metric, label, tone }) => ({
    id: metric,
    label,
    tone,
    values: valuesOf(series, metric),
  }));
}

/** Errors on top of what went well. */
export function outcomeBars(answer: Answered | undefined): ChartSeries[] {
  const series = answer?.series[0];
  const errors = valuesOf(series, "ERROR_COUNT").map((each) => each ?? 0);
  const counts = valuesOf(series, "COUNT").map((each) => each ?? 0);
  return [
    { id: "errors", label: "Failed", tone: "bad", values: errors },
    {
      id: "good",
      label: "Others",
      tone: "info",
      values: counts.map((count, at) => count - (errors[at] ?? 0)),
    },
  ];
}

/** The line of the time before, put where the same moment of this time is, as near as the steps allow. */
export function lineBefore(
  now: readonly number[],
  before: Answered | undefined,
  metric: string,
  { lengthMs, stepMs }: { readonly lengthMs: number; readonly stepMs: number },
): ChartSeries {
  const values = valuesOf(before?.series[0], metric);
  const first = timesOf(before)[0] ?? 0;
  return {
    id: "before",
    label: "Time before",
    tone: "muted",
    isQuiet: true,
    values: now.map((time) => values[Math.round((time - lengthMs - first) / stepMs)] ?? null),
  };
}

/** How much a number has grown, as a share: 0.5 is by half; undefined where there is nothing to hold it against. */
export function growth(now: number | undefined, before: number | undefined): number | undefined {
  if (now === undefined || before === undefined || before === 0) return undefined;
  return (now - before) / before;
}
