import { changedBlocks } from "./align.js";
import { isList, isObject, type Json, type JsonObject, same } from "./json.js";
import { OPERATIONS_MAX } from "./limits.js";

/** Names of members and indexes of elements. */
export type Path = readonly (string | number)[];

/**
 * One of the operations that turn a state into another, as recorded deltas have them:
 *
 * - `["set", path, value]` puts a value at a path; the empty path is the root.
 * - `["remove", path]` removes a member from its object.
 * - `["splice", path, index, deleteCount, values]` replaces elements of the list at the path, or code points of
 *   the string there if `values` is a string.
 */
export type Operation =
  | readonly ["set", Path, Json]
  | readonly ["remove", Path]
  | readonly ["splice", Path, number, number, readonly Json[] | string];

/** Below this depth a value that differs is set as a whole: paths would be as long as what they lead to. */
const DEPTH_MAX = 64;

/** Shorter strings are set as a whole. */
const TEXT_LENGTH_MIN = 64;

/** The operations, one after the other, that turn one value into another; none if they are equal. */
export function diff(old: Json, now: Json): Operation[] {
  if (same(old, now)) return [];
  const operations: Operation[] = [];
  compare(old, now, { path: [], operations });
  return operations.length > OPERATIONS_MAX ? [["set", [], now]] : operations;
}

interface Walk {
  readonly path: (string | number)[];
  readonly operations: Operation[];
}

function compare(old: Json, now: Json, walk: Walk): void {
  const start = walk.operations.length;
  if (walk.path.length >= DEPTH_MAX) set(now, walk);
  else if (isObject(old) && isObject(now)) compareObjects(old, now, walk);
  else if (isList(old) && isList(now)) compareLists(old, now, walk);
  else if (typeof old === "string" && typeof now === "string" && now.length >= TEXT_LENGTH_MIN) {
    compareTexts(old, now, walk);
  } else set(now, walk);
  preferWhole(start, now, walk);
}

function compareObjects(old: JsonObject, now: JsonObject, walk: Walk): void {
  for (const [name, value] of Object.entries(now)) {
    walk.path.push(name);
    if (!Object.hasOwn(old, name)) set(value, walk);
    else if (!same(old[name], value)) compare(old[name] as Json, value, walk);
    walk.path.pop();
  }
  for (const name of Object.keys(old)) {
    if (!Object.hasOwn(now, name)) walk.operations.push(["remove", [...walk.path, name]]);
  }
}

/** Walks the differing runs from left to right: everything before a run has its new index already. */
function compareLists(old: readonly Json[], now: readonly Json[], walk: Walk): void {
  for (const { oldStart, oldEnd, newStart, newEnd } of changedBlocks(old, now)) {
    const paired = Math.min(oldEnd - oldStart, newEnd - newStart);
    for (let offset = 0; offset < paired; offset++) {
      const before = old[oldStart + offset] as Json;
      const after = now[newStart + offset] as Json;
      if (same(before, after)) continue;
      walk.path.push(newStart + offset);
      compare(before, after, walk);
      walk.path.pop();
    }
    const removed = oldEnd - oldStart - paired;
    const added = now.slice(newStart + paired, newEnd);
    if (removed > 0 || added.length > 0) {
      walk.operations.push(["splice", [...walk.path], newStart + paired, removed, added]);
    }
  }
}

function compareTexts(old: string, now: string, walk: Walk): void {
  const start = commonStart(old, now);
  const end = commonEnd(old, now, start);
  const inserted = now.slice(start, now.length - end);
  if (2 * inserted.length > now.length) {
    set(now, walk);
    return;
  }
  const removed = codePoints(old.slice(start, old.length - end));
  walk.operations.push(["splice", [...walk.path], codePoints(old.slice(0, start)), removed, inserted]);
}

function set(value: Json, walk: Walk): void {
  walk.operations.push(["set", [...walk.path], value]);
}

/** Replaces the operations since `start` by one that sets the value, where that is shorter. */
function preferWhole(start: number, now: Json, walk: Walk): void {
  const found = walk.operations.slice(start);
  if (found.length === 1 && found[0]?.[0] === "set") return;
  const size = JSON.stringify(found).length;
  if (isLongerThan(now, size)) return;
  const whole: Operation = ["set", [...walk.path], now];
  if (JSON.stringify([whole]).length < size) walk.operations.splice(start, found.length, whole);
}

/** Tells whether a value surely takes more than `size` characters, looking at no more of it than it must. */
function isLongerThan(value: Json, size: number): boolean {
  let rest = size;
  const pending: Json[] = [value];
  while (rest >= 0) {
    const item = pending.pop();
    if (item === undefined) return false;
    rest -= 1;
    if (typeof item === "string") rest -= item.length + 1;
    else if (isList(item) || isObject(item)) {
      const members = isList(item) ? item : Object.values(item);
      rest -= isList(item) ? members.length : 5 * members.length; // quotes, a character, colon and comma
      for (const member of members) pending.push(member);
    }
  }
  return true;
}

/** How many units are the same at the start, not splitting a code point of two units. */
function commonStart(old: string, now: string): number {
  const limit = Math.min(old.length, now.length);
  let start = 0;
  while (start < limit && old[start] === now[start]) start++;
  return isHighSurrogate(old.charCodeAt(start - 1)) ? start - 1 : start;
}

function commonEnd(old: string, now: string, start: number): number {
  const limit = Math.min(old.length, now.length) - start;
  let end = 0;
  while (end < limit && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  return end > 0 && isLowSurrogate(old.charCodeAt(old.length - end)) ? end - 1 : end;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
