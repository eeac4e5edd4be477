/** What JSON says, as JavaScript reads it: 1 and 1.0 are one number here. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export type Kind = "object" | "list" | "string" | "number" | "truth value" | "null";

export function kindOf(value: Json): Kind {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "truth value";
  return typeof value as "object" | "string" | "number";
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The member of an object; undefined if there is none, whatever objects have by nature. */
export function memberOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Tells whether two values are equal. Members have no order; 0 and -0 differ. */
export function same(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return left !== 0 || Object.is(left, right);
  if (isList(left)) return isList(right) && sameLists(left, right);
  return isObject(left) && isObject(right) && sameObjects(left, right);
}

function sameLists(left: readonly Json[], right: readonly Json[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (!same(left[index], right[index])) return false;
  }
  return true;
}

function sameObjects(left: JsonObject, right: JsonObject): boolean {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]));
}

/** Writes a value so that equal values are equal texts. */
export function canonical(value: Json): string {
  if (isList(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return Object.is(value, -0) ? "-0" : JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] as Json)}`).join()}}`;
}
