/** A range of time: so far back from now, or between two moments. */
export type TimeRange =
  | { readonly kind: "last"; readonly seconds: number }
  | { readonly kind: "between"; readonly from: number; readonly to: number };

/** Two moments, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const LAST = /^(\d{1,6})([smhd])$/;
const SECONDS_MAX = 10 * 365 * 86_400;
/** A range is read anew when this share of it has gone by. */
const FRESH_SHARE = 1 / 240;
const FRESH_MS_MIN = 10_000;

/** The ranges that a picker offers. */
export const COMMON_RANGES = ["15m", "1h", "6h", "24h", "7d", "30d", "90d"] as const;
export const DEFAULT_RANGE = "24h";

/** Reads a range from a URL: `24h`, or two times with `..` between; undefined if it is neither. */
export function parseRange(text: string): TimeRange | undefined {
  const last = LAST.exec(text);
  if (last !== null) {
    const seconds = Number(last[1]) * UNIT_SECONDS[last[2] as keyof typeof UNIT_SECONDS];
    return seconds > 0 && seconds <= SECONDS_MAX ? { kind: "last", seconds } : undefined;
  }
  const [from = Number.NaN, to = Number.NaN] = text.split("..").map((each) => Date.parse(each));
  return from < to ? { kind: "between", from, to } : undefined;
}

/** Writes a range as `parseRange` reads it. */
export function writeRange(range: TimeRange): string {
  if (range.kind === "between") {
    return `${new Date(range.from).toISOString()}..${new Date(range.to).toISOString()}`;
  }
  const [unit, length] = Object.entries(UNIT_SECONDS).findLast(([, each]) => range.seconds % each === 0) ?? [
    "s",
    1,
  ];
  return unit === "d" && range.seconds <= 2 * length
    ? `${range.seconds / 3_600}h`
    : `${range.seconds / length}${unit}`;
}

/** Where a range begins and ends. One that ends now moves on in steps, so that what was asked for can be kept a while. */
export function resolveRange(range: TimeRange, now: number): Span {
  if (range.kind === "between") return { from: range.from, to: range.to };
  const length = range.seconds * 1000;
  const step = Math.max(FRESH_MS_MIN, length * FRESH_SHARE);
  const to = Math.ceil(now / step) * step;
  return { from: to - length, to };
}

/** The span of the same length just before. */
export function spanBefore({ from, to }: Span): Span {
  return { from: from - (to - from), to: from };
}

/** A range between two moments. */
export function between({ from, to }: Span): TimeRange {
  return { kind: "between", from: Math.round(from), to: Math.round(to) };
}

const STEPS_SECONDS = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800,
] as const;

/** The shortest step of those that people like with which a span has at most so many points. */
export function stepSecondsOf({ from, to }: Span, pointsMax: number): number {
  const seconds = (to - from) / 1000;
  return (
    STEPS_SECONDS.find((step) => seconds / step <= pointsMax) ??
    Math.ceil(seconds / pointsMax / 604_800) * 604_800
  );
}

/** A range in words: `Last 24 hours`. */
export function rangeLabel(range: TimeRange): string {
  if (range.kind === "between") return `${shortTime(range.from)} to ${shortTime(range.to)}`;
  const names = { s: "second", m: "minute", h: "hour", d: "day" } as const;
  const text = writeRange(range);
  const count = Number.parseInt(text, 10);
  const name = names[text.slice(-1) as keyof typeof names];
  return count === 1 ? `Last ${name}` : `Last ${count} ${name}s`;
}

const moment = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function shortTime(at: number): string {
  return moment.format(at);
}
