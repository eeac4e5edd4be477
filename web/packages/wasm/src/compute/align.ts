import { canonical, type Json, same } from "./json.js";

/** A run of the older list, from start to before end, and the run of the newer one in its place. */
export interface Block {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** How many elements are looked at to find by how much a list was shifted. */
const SHIFT_SCAN_MAX = 4096;

type List = readonly Json[];

/** Aligns two lists and returns, in order, the runs that differ; everything between them is the same. */
export function changedBlocks(old: List, now: List): Block[] {
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && same(old[start], now[start])) start++;
  if (start === old.length && start === now.length) return [];
  let stop = 0;
  while (stop < shorter - start && same(old[old.length - 1 - stop], now[now.length - 1 - stop])) stop++;
  const whole = { oldStart: start, oldEnd: old.length - stop, newStart: start, newEnd: now.length - stop };
  if (whole.oldStart === whole.oldEnd || whole.newStart === whole.newEnd) return [whole];
  return shifted(old, now, whole) ?? aligned(old, now, whole);
}

/** Recognises a window that moved on: elements dropped at the head and added at the tail. */
function shifted(old: List, now: List, whole: Block): Block[] | undefined {
  const scanEnd = Math.min(whole.oldEnd, whole.oldStart + SHIFT_SCAN_MAX);
  let head = whole.oldStart + 1;
  while (head < scanEnd && !same(old[head], now[whole.newStart])) head++;
  if (head >= scanEnd) return undefined;
  const length = Math.min(whole.oldEnd - head, whole.newEnd - whole.newStart);
  for (let offset = 0; offset < length; offset++) {
    if (!same(old[head + offset], now[whole.newStart + offset])) return undefined;
  }
  const dropped = { ...whole, oldEnd: head, newEnd: whole.newStart };
  const rest = { ...whole, oldStart: head + length, newStart: whole.newStart + length };
  return rest.oldStart < rest.oldEnd || rest.newStart < rest.newEnd ? [dropped, rest] : [dropped];
}

/** Aligns by the elements that occur once in each run (patience), then widens around them. */
function aligned(old: List, now: List, whole: Block): Block[] {
  const oldKeys = old.slice(whole.oldStart, whole.oldEnd).map(canonical);
  const newKeys = now.slice(whole.newStart, whole.newEnd).map(canonical);
  const blocks: Block[] = [];
  let oldAt = 0;
  let newAt = 0;
  for (const [oldAnchor, newAnchor] of [
    ...anchors(oldKeys, newKeys),
    [oldKeys.length, newKeys.length] as const,
  ]) {
    let oldEnd = oldAnchor;
    let newEnd = newAnchor;
    while (oldEnd > oldAt && newEnd > newAt && oldKeys[oldEnd - 1] === newKeys[newEnd - 1]) {
      oldEnd--;
      newEnd--;
    }
    while (oldAt < oldEnd && newAt < newEnd && oldKeys[oldAt] === newKeys[newAt]) {
      oldAt++;
      newAt++;
    }
    if (oldAt < oldEnd || newAt < newEnd) {
      blocks.push({
        oldStart: whole.oldStart + oldAt,
        oldEnd: whole.oldStart + oldEnd,
        newStart: whole.newStart + newAt,
        newEnd: whole.newStart + newEnd,
      });
    }
    oldAt = oldAnchor + 1;
    newAt = newAnchor + 1;
  }
  return blocks;
}

/** The longest rising sequence of the positions of elements that are unique in both lists. */
function anchors(oldKeys: readonly string[], newKeys: readonly string[]): (readonly [number, number])[] {
  const newPlaces = uniquePlaces(newKeys);
  const pairs: [number, number][] = [];
  for (const [key, place] of uniquePlaces(oldKeys)) {
    const newPlace = newPlaces.get(key);
    if (newPlace !== undefined) pairs.push([place, newPlace]);
  }
  const ends: number[] = []; // the pair that ends a rising sequence of each length with the smallest position
  const previous: number[] = [];
  pairs.forEach(([, newPlace], index) => {
    const length = lowerBound(ends, newPlace, (end) => pairs[end]?.[1] ?? 0);
    previous.push(length > 0 ? (ends[length - 1] as number) : -1);
    ends[length] = index;
  });
  const chain: [number, number][] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index] as number) {
    chain.push(pairs[index] as [number, number]);
  }
  return chain.reverse();
}

function lowerBound(sorted: readonly number[], wanted: number, placeOf: (item: number) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOf(sorted[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function uniquePlaces(keys: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  const repeated = new Set<string>();
  keys.forEach((key, place) => {
    if (places.has(key)) repeated.add(key);
    places.set(key, place);
  });
  for (const key of repeated) places.delete(key);
  return places;
}
