import { isEqual } from "./equal";
import { listDiff, type Splice } from "./list-diff";
import type { JsonChange } from "./marks";
import { childPointer, isObject } from "./pointer";

/** So many differences are told at most. */
export const CHANGES_MAX = 1_000;

/** What differs between two states. */
export interface Changes {
  readonly changes: readonly JsonChange[];
  /** There were more. */
  readonly truncated: boolean;
}

/**
 * Tells what differs between two values. What both share is not looked into, so that neighbouring states of a recording,
 * which share nearly everything, take no longer than what changed between them.
 */
export function changesBetween(older: unknown, newer: unknown): Changes {
  const changes: JsonChange[] = [];
  compare(older, newer, "", changes);
  return { changes: changes.slice(0, CHANGES_MAX), truncated: changes.length > CHANGES_MAX };
}

function compare(older: unknown, newer: unknown, path: string, into: JsonChange[]): void {
  if (older === newer || into.length > CHANGES_MAX) return;
  if (Array.isArray(older) && Array.isArray(newer)) compareLists(older, newer, path, into);
  else if (isObject(older) && isObject(newer)) compareObjects(older, newer, path, into);
  else if (older === undefined) into.push({ kind: "ADDED", path, newValue: newer });
  else if (newer === undefined) into.push({ kind: "REMOVED", path, oldValue: older });
  else into.push({ kind: "CHANGED", path, oldValue: older, newValue: newer });
}

function compareObjects(
  older: Readonly<Record<string, unknown>>,
  newer: Readonly<Record<string, unknown>>,
  path: string,
  into: JsonChange[],
): void {
  for (const name of Object.keys(newer)) {
    compare(own(older, name), newer[name], childPointer(path, name), into);
  }
  for (const name of Object.keys(older)) {
    if (!Object.hasOwn(newer, name)) compare(older[name], undefined, childPointer(path, name), into);
  }
}

// A member may be named like what every object inherits, such as `constructor`.
function own(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

/** Elements that both have in the same order are passed over; those between are compared one by one, or came and went. */
function compareLists(
  older: readonly unknown[],
  newer: readonly unknown[],
  path: string,
  into: JsonChange[],
): void {
  const shorter = Math.min(older.length, newer.length);
  let head = 0;
  while (head < shorter && isEqual(older[head], newer[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && isEqual(older.at(-1 - tail), newer.at(-1 - tail))) tail += 1;
  const olderEnd = older.length - tail;
  const newerEnd = newer.length - tail;
  const found = listDiff(older.slice(head, olderEnd), newer.slice(head, newerEnd));
  const whole = { olderFrom: 0, olderEnd: olderEnd - head, newerFrom: 0, newerEnd: newerEnd - head };
  for (const splice of found ?? [whole]) compareStretch(older, newer, head, splice, path, into);
}

function compareStretch(
  older: readonly unknown[],
  newer: readonly unknown[],
  offset: number,
  { olderFrom, olderEnd, newerFrom, newerEnd }: Splice,
  path: string,
  into: JsonChange[],
): void {
  const paired = Math.min(olderEnd - olderFrom, newerEnd - newerFrom);
  for (let index = 0; index < paired; index += 1) {
    const place = offset + newerFrom + index;
    compare(older[offset + olderFrom + index], newer[place], childPointer(path, place), into);
  }
  for (let place = offset + newerFrom + paired; place < offset + newerEnd; place += 1) {
    compare(undefined, newer[place], childPointer(path, place), into);
  }
  for (let place = offset + olderFrom + paired; place < offset + olderEnd; place += 1) {
    compare(older[place], undefined, childPointer(path, place), into);
  }
}
