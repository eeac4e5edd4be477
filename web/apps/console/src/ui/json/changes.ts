import type { JsonChange } from "./marks";
import { childPointer, isContainer, isObject } from "./pointer";

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

/** Elements that both begin and end with are the same; those between are compared one by one, or came and went. */
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
  const gone = older.length - head - tail;
  const come = newer.length - head - tail;
  const paired = Math.min(gone, come);
  for (let index = head; index < head + paired; index += 1) {
    compare(older[index], newer[index], childPointer(path, index), into);
  }
  for (let index = head + paired; index < head + come; index += 1) {
    compare(undefined, newer[index], childPointer(path, index), into);
  }
  for (let index = head + paired; index < head + gone; index += 1) {
    compare(older[index], undefined, childPointer(path, index), into);
  }
}

/** Whether two values are the same JSON. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isContainer(one) || !isContainer(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(other, name) &&
      isEqual((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
  );
}
