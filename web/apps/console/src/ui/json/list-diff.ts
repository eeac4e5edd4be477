import { isEqual } from "./equal";

/** Lists that differ in more places than this are compared place by place. */
const EDITS_MAX = 48;

/** A stretch of an older list that another one takes the place of. */
export interface Splice {
  readonly olderFrom: number;
  readonly olderEnd: number;
  readonly newerFrom: number;
  readonly newerEnd: number;
}

/**
 * Tells in which stretches two lists differ, by the greedy algorithm of Myers (An O(ND) Difference Algorithm, 1986):
 * what both have in the same order is left out. Undefined if they differ too much.
 */
export function listDiff(
  older: readonly unknown[],
  newer: readonly unknown[],
): readonly Splice[] | undefined {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= EDITS_MAX; edits += 1) {
    trace.push(new Map(furthest));
    for (let k = -edits; k <= edits; k += 2) {
      let x = goesDown(furthest, k, edits) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < older.length && x - k < newer.length && isEqual(older[x], newer[x - k])) x += 1;
      furthest.set(k, x);
      if (x >= older.length && x - k >= newer.length) return wayBack(trace, older.length, newer.length);
    }
  }
  return undefined;
}

function at(furthest: ReadonlyMap<number, number>, k: number): number {
  return furthest.get(k) ?? 0;
}

function goesDown(furthest: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && at(furthest, k - 1) < at(furthest, k + 1));
}

/** Follows the edits back from the end, and joins neighbours to stretches. */
function wayBack(trace: readonly ReadonlyMap<number, number>[], x: number, y: number): readonly Splice[] {
  const splices: Splice[] = [];
  let [endX, endY] = [x, y];
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const furthest = trace[edits] ?? new Map();
    const k = endX - endY;
    const previous = goesDown(furthest, k, edits) ? k + 1 : k - 1;
    const fromX = at(furthest, previous);
    const fromY = fromX - previous;
    const [toX, toY] = goesDown(furthest, k, edits) ? [fromX, fromY + 1] : [fromX + 1, fromY];
    const next = splices.at(-1);
    if (next !== undefined && next.olderFrom === toX && next.newerFrom === toY) {
      splices[splices.length - 1] = { ...next, olderFrom: fromX, newerFrom: fromY };
    } else {
      splices.push({ olderFrom: fromX, olderEnd: toX, newerFrom: fromY, newerEnd: toY });
    }
    [endX, endY] = [fromX, fromY];
  }
  return splices.reverse();
}
