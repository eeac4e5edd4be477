import type { TelemetryEvent, TraceSpan } from "@timeloom/client";

/** A span at its place in the waterfall. */
export interface WaterfallSpan {
  readonly index: number;
  readonly span: TraceSpan;
  readonly event: TelemetryEvent;
  readonly depth: number;
  /** In milliseconds from the beginning of the trace. */
  readonly start: number;
  readonly duration: number;
  /** The index of the span above; -1 for one that has none here. */
  readonly parent: number;
  /** The index after the last span below it. */
  readonly end: number;
  readonly isError: boolean;
}

/** All spans of a trace, placed. */
export interface WaterfallLayout {
  readonly spans: readonly WaterfallSpan[];
  /** From the first beginning to the last end, in milliseconds. */
  readonly length: number;
  /** When that is, in milliseconds. */
  readonly origin: number;
}

/** A part of the time of a trace, in milliseconds from its beginning. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** A time in milliseconds, with the microseconds that `Date` leaves out. */
export function preciseMs(time: string | undefined): number {
  if (time === undefined) return Number.NaN;
  const micros = /\.\d{3}(\d{1,6})/.exec(time)?.[1];
  return Date.parse(time) + (micros === undefined ? 0 : Number(`0.${micros}`));
}

/** Places spans that come in the order of a tree: each after the one above it. */
export function layOut(spans: readonly TraceSpan[]): WaterfallLayout {
  const placed = spans.flatMap((span) => (span.event === undefined ? [] : [{ span, event: span.event }]));
  const starts = placed.map(({ event }) => preciseMs(event.startTime));
  const origin = starts.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const ends = endsOf(placed.map(({ span }) => span.depth));
  const above: number[] = [];
  let length = 0;
  const found = placed.map(({ span, event }, index): WaterfallSpan => {
    above.length = Math.min(above.length, span.depth);
    const parent = above.at(-1) ?? -1;
    above[span.depth] = index;
    const start = (starts[index] ?? origin) - origin;
    length = Math.max(length, start + event.durationMs);
    const end = ends[index] ?? index + 1;
    const isError = event.status === "ERROR";
    return { index, span, event, depth: span.depth, start, duration: event.durationMs, parent, end, isError };
  });
  return { spans: found, length, origin: Number.isFinite(origin) ? origin : 0 };
}

/** For each span the index after the last one below it. */
function endsOf(depths: readonly number[]): number[] {
  const ends = depths.map(() => depths.length);
  const open: number[] = [];
  for (const [index, depth] of depths.entries()) {
    while (open.length > 0 && (depths[open.at(-1) ?? 0] ?? 0) >= depth) ends[open.pop() ?? 0] = index;
    open.push(index);
  }
  return ends;
}

/** The indexes of the spans that are shown: those below a closed one are not. */
export function visibleRows(layout: WaterfallLayout, closed: ReadonlySet<string>): number[] {
  const rows: number[] = [];
  for (let index = 0; index < layout.spans.length; ) {
    const span = layout.spans[index];
    if (span === undefined) break;
    rows.push(index);
    index = closed.has(span.event.spanId) ? span.end : index + 1;
  }
  return rows;
}

/** The spans above one, from the root on. */
export function ancestors(layout: WaterfallLayout, index: number): WaterfallSpan[] {
  const found: WaterfallSpan[] = [];
  for (let at = layout.spans[index]?.parent ?? -1; at >= 0; at = layout.spans[at]?.parent ?? -1) {
    const span = layout.spans[at];
    if (span !== undefined) found.unshift(span);
  }
  return found;
}

/** The indexes of the spans that have all of some words: in names, models, tools, errors or previews. */
export function spansWith(layout: WaterfallLayout, text: string): number[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((each) => each !== "");
  if (words.length === 0) return [];
  return layout.spans.flatMap(({ event, index }) => {
    const said = [
      event.name,
      event.kind,
      event.model,
      event.toolName,
      event.agentId,
      event.errorType,
      event.message,
      event.inputPreview,
      event.outputPreview,
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => said.includes(word)) ? [index] : [];
  });
}

/** The spans that are closed when only those down to a depth are open. */
export function closedBelow(layout: WaterfallLayout, depth: number): Set<string> {
  const deep = layout.spans.filter((each) => each.depth >= depth && each.end > each.index + 1);
  return new Set(deep.map((each) => each.event.spanId));
}

/** The shortest window that can be looked at, as a share of the trace. */
const WINDOW_SHARE_MIN = 1 / 20_000;

/** A window within a trace; no shorter than can be looked at, and never outside. */
export function within(window: TimeWindow, length: number): TimeWindow {
  const size = Math.min(length, Math.max(window.to - window.from, length * WINDOW_SHARE_MIN));
  const middle = (window.from + window.to) / 2;
  const from = Math.min(
    Math.max(0, Math.abs(size - (window.to - window.from)) < 1e-9 ? window.from : middle - size / 2),
    length - size,
  );
  return { from, to: from + size };
}

/** A window that is so many times as long, around a moment that stays where it is. */
export function zoomed(window: TimeWindow, factor: number, around: number, length: number): TimeWindow {
  return within(
    { from: around - (around - window.from) * factor, to: around + (window.to - around) * factor },
    length,
  );
}

/** Where ticks of a window are: round numbers, as many as there is room for. */
export function ticksOf({ from, to }: TimeWindow, ticksMax: number): number[] {
  const rough = (to - from) / Math.max(1, ticksMax);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}
