const LANGUAGE = "en";

const compact = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 2 });
const dateTime = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(LANGUAGE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto", style: "narrow" });

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** `1234567` -> `1.2M`. */
export function formatCount(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value);
}

/** Bytes -> `4.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${whole.format(Number(value.toPrecision(3)))} ${units[unit]}`;
}

/** Milliseconds -> `340 µs`, `12.5 ms`, `3.42 s`, `4m 10s`, `2h`, `3d 4h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${Number(milliseconds.toPrecision(3))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 3600) return inUnits(seconds, 60, "m", 1, "s");
  if (seconds < 86_400) return inUnits(seconds, 3600, "h", 60, "m");
  return inUnits(seconds, 86_400, "d", 3600, "h");
}

function inUnits(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)}${largeName}${rest > 0 ? ` ${rest}${smallName}` : ""}`;
}

/** The contract's durations, such as `1.5s`, in milliseconds. */
export function millisecondsOf(duration: string): number {
  return Number.parseFloat(duration) * 1000;
}

/** US dollars -> `$0.0042`; small amounts keep two digits that say something. */
export function formatCost(dollars: number): string {
  if (dollars === 0) return "$0";
  if (Math.abs(dollars) >= 1) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2))}`;
}

/** A point in time in full, in the reader's time zone. */
export function formatDateTime(time: string | Date): string {
  return dateTime.format(new Date(time));
}

/** The time of day with milliseconds. */
export function formatClock(time: string | Date): string {
  return clock.format(new Date(time));
}

/** `3 min. ago`. */
export function formatAgo(time: string | Date, now: number): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return "now";
}

/** `0.257` -> `25.7 %`. */
export function formatShare(share: number): string {
  return `${whole.format(Number((share * 100).toPrecision(3)))} %`;
}

/** `IN_PROGRESS` -> `In progress`. */
export function wordsOf(name: string): string {
  const words = name.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
