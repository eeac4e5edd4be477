/** How many values lie from `from` up to, but not including, `to`. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** A stretch of bins that somebody chose, by their values; an end that is undefined is open. */
export interface BinRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The bins of a range as indices: the first, and the one after the last. */
export function binsOf(bins: readonly Bin[], range: BinRange | undefined): readonly [number, number] {
  if (range === undefined || bins.length === 0) return [0, bins.length];
  const { from, to } = range;
  const first = from === undefined ? 0 : bins.findIndex((each) => each.to > from);
  const last = to === undefined ? bins.length : bins.findIndex((each) => each.to >= to) + 1;
  const begin = first < 0 ? bins.length - 1 : first;
  return [begin, Math.max(begin + 1, last <= 0 ? bins.length : last)];
}

/** The range of some bins; undefined if it is all of them, open where it reaches an end. */
export function rangeOf(bins: readonly Bin[], first: number, end: number): BinRange | undefined {
  if (first <= 0 && end >= bins.length) return undefined;
  return {
    ...(first > 0 && { from: bins[first]?.from }),
    ...(end < bins.length && { to: bins[end - 1]?.to }),
  };
}

/** How tall a bar is, from 0 to 1. One that is not empty can be seen beside the tallest. */
export function heightOf(count: number, countMax: number): number {
  return count === 0 ? 0 : Math.max(0.06, Math.sqrt(count / countMax));
}
