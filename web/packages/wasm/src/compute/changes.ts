import { checkWhole } from "../errors.js";
import { changedBlocks } from "./align.js";
import type { Path } from "./delta.js";
import { isList, isObject, type Json, type JsonObject, memberOf, same } from "./json.js";
import { CHANGES_MAX } from "./limits.js";

/** One difference between two states, in the words of the REST interface. */
export interface Change {
  readonly kind: "ADDED" | "REMOVED" | "CHANGED";
  /** A JSON pointer: into the newer state, or into the older one where the value was removed. */
  readonly path: string;
  /** Where a changed value stood in the older state, if a list shifted it; empty if at `path`. */
  readonly oldPath: string;
  /** Absent where the value was added. */
  readonly oldValue?: Json;
  /** Absent where the value was removed. */
  readonly newValue?: Json;
}

export interface Changes {
  /** In the order of their places. */
  readonly changes: Change[];
  /** There were more. */
  readonly truncated: boolean;
}

/**
 * What differs between two states, for people.
 *
 * Members are compared by name. The elements of lists are aligned, so that one that only moved because others came
 * or went before it is no difference; one that took the place of another is compared with it inside if the two have
 * at least half of their members in common, else as a whole.
 */
export function changes(old: Json, now: Json, limit: number = CHANGES_MAX): Changes {
  checkWhole("limit", limit, { min: 1, max: CHANGES_MAX });
  const found: Change[] = [];
  for (const change of differences(old, now, [], [])) {
    if (found.length === limit) return { changes: found, truncated: true };
    found.push(change);
  }
  return { changes: found, truncated: false };
}

type Maybe = Json | undefined;

function* differences(old: Maybe, now: Maybe, oldPath: Path, newPath: Path): Generator<Change> {
  if (same(old, now)) return;
  if (isObject(old) && isObject(now)) yield* objectDifferences(old, now, oldPath, newPath);
  else if (isList(old) && isList(now)) yield* listDifferences(old, now, oldPath, newPath);
  else if (old === undefined) yield added(now as Json, newPath);
  else if (now === undefined) yield removed(old, oldPath);
  else yield changed(old, now, oldPath, newPath);
}

function* objectDifferences(
  old: JsonObject,
  now: JsonObject,
  oldPath: Path,
  newPath: Path,
): Generator<Change> {
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  for (const name of [...names].sort()) {
    yield* differences(memberOf(old, name), memberOf(now, name), [...oldPath, name], [...newPath, name]);
  }
}

function* listDifferences(
  old: readonly Json[],
  now: readonly Json[],
  oldPath: Path,
  newPath: Path,
): Generator<Change> {
  for (const { oldStart, oldEnd, newStart, newEnd } of changedBlocks(old, now)) {
    const paired = Math.min(oldEnd - oldStart, newEnd - newStart);
    for (let offset = 0; offset < paired; offset++) {
      const before = old[oldStart + offset] as Json;
      const after = now[newStart + offset] as Json;
      const places = [
        [...oldPath, oldStart + offset],
        [...newPath, newStart + offset],
      ] as const;
      if (areSimilar(before, after)) yield* differences(before, after, ...places);
      else if (!same(before, after)) yield changed(before, after, ...places);
    }
    for (let at = oldStart + paired; at < oldEnd; at++) yield removed(old[at] as Json, [...oldPath, at]);
    for (let at = newStart + paired; at < newEnd; at++) yield added(now[at] as Json, [...newPath, at]);
  }
}

/** Tells whether two elements are worth comparing inside. */
function areSimilar(old: Json, now: Json): boolean {
  if (!isObject(old) || !isObject(now)) return isList(old) && isList(now);
  const names = Object.keys(old);
  const alike = names.filter((name) => same(old[name], memberOf(now, name))).length;
  return 2 * alike >= new Set([...names, ...Object.keys(now)]).size;
}

function added(newValue: Json, path: Path): Change {
  return { kind: "ADDED", path: pointerOf(path), oldPath: "", newValue };
}

function removed(oldValue: Json, path: Path): Change {
  return { kind: "REMOVED", path: pointerOf(path), oldPath: "", oldValue };
}

function changed(oldValue: Json, newValue: Json, oldPath: Path, newPath: Path): Change {
  const path = pointerOf(newPath);
  const old = pointerOf(oldPath);
  return { kind: "CHANGED", path, oldPath: old === path ? "" : old, oldValue, newValue };
}

/** Writes a path as a JSON pointer (RFC 6901). */
export function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
