/** A step of a path: the name of a member, or the index of an element. */
export type Token = string | number;

/** The pointer (RFC 6901) of a child. */
export function childPointer(pointer: string, token: Token): string {
  return typeof token === "number"
    ? `${pointer}/${token}`
    : `${pointer}/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The names and indexes of a pointer, outermost first. */
export function tokensOf(pointer: string): readonly string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((each) => each.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer of what a value lies in; the root's own is the root. */
export function parentPointer(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf("/")));
}

/** What a pointer leads to in a value; undefined if it is not there. */
export function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const token of tokensOf(pointer)) {
    if (Array.isArray(found)) found = found[Number(token)];
    else if (isObject(found) && Object.hasOwn(found, token)) found = found[token];
    else return undefined;
  }
  return found;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value has members or elements. */
export function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
