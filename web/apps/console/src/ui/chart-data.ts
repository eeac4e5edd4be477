import type { AlignedData } from "uplot";
import type { Tone } from "./series-colours";

/** What a chart shows of one thing over time. */
export interface ChartSeries {
  readonly id: string;
  readonly label: string;
  readonly tone: Tone;
  /** One for each time; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Drawn quietly, as what others are held against. */
  readonly isQuiet?: boolean;
}

export type ChartForm = "lines" | "bars" | "stack";

/**
 * The numbers that are drawn: times first, then each series. In a stack, each is on top of those after it, but for quiet
 * ones, which come last.
 */
export function drawnData(
  times: readonly number[],
  series: readonly ChartSeries[],
  form: ChartForm,
): AlignedData {
  const rows = series.map((each) => [...each.values]);
  if (form === "stack") {
    const loud = series.filter((each) => !each.isQuiet).length;
    for (let row = loud - 2; row >= 0; row -= 1) {
      const [upper = [], lower = []] = [rows[row], rows[row + 1]];
      rows[row] = upper.map((value, at) => (value ?? 0) + (lower[at] ?? 0));
    }
  }
  return [[...times], ...rows];
}

/** The places of values that have no neighbour to draw a line to. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const isThere = (at: number) => values[at] !== null && values[at] !== undefined;
  return values.flatMap((_, at) => (isThere(at) && !isThere(at - 1) && !isThere(at + 1) ? [at] : []));
}

/** The place of the time that is nearest to one; -1 if there are none. */
export function nearest(times: readonly number[], time: number): number {
  let best = -1;
  for (const [at, each] of times.entries()) {
    if (best < 0 || Math.abs(each - time) < Math.abs((times[best] ?? 0) - time)) best = at;
  }
  return best;
}

const DAY_MS = 86_400_000;
const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** What stands below an axis of time: hours and minutes, and the day where it changes. */
export function timeTicks(ticks: readonly number[], distance: number): string[] {
  const clock = distance < 60_000 ? second : minute;
  let shown = "";
  return ticks.map((tick) => {
    const date = day.format(tick);
    if (distance >= DAY_MS) return date;
    const isNew = shown !== "" && date !== shown;
    shown = date;
    return isNew ? date : clock.format(tick);
  });
}

/** A point of time with its day, as precise as the steps are. */
export function pointLabel(time: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return day.format(time);
  return `${day.format(time)}, ${(stepMs < 60_000 ? second : minute).format(time)}`;
}

const DECIMAL_STEPS = [0.001, 0.01, 0.1, 1, 10, 100].flatMap((each) => [each, 2 * each, 5 * each]);

/** How far apart the lines of a scale of durations may be, in milliseconds: minutes have sixty seconds. */
export const DURATION_STEPS: readonly number[] = [
  ...DECIMAL_STEPS,
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map(
    (each) => each * 1000,
  ),
];
