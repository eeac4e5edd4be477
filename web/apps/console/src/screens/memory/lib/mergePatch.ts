import { isEqual } from "../../../ui/json/equal";

type Json = Readonly<Record<string, unknown>>;

/**
 * The JSON merge patch (RFC 7396) that makes one document of another; undefined if they are the same.
 *
 * A merge patch cannot set a member to null: such members of `after` are left out by whoever applies it.
 */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (isEqual(before, after)) return undefined;
  if (!isObject(before) || !isObject(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const change = name in before ? mergePatch(before[name], value) : value;
    if (change !== undefined) patch[name] = change;
  }
  return patch;
}

/** Whether a document has a null that a merge patch would take for a removal. */
export function hasNull(value: unknown): boolean {
  return isObject(value) && Object.values(value).some((each) => each === null || hasNull(each));
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
