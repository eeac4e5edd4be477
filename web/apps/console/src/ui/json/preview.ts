import { isObject } from "./pointer";

/** So much of a long text is shown in one line. */
const TEXT_MAX = 300;
const MEMBERS_MAX = 6;

/** How a value is coloured. */
export type Tone = "string" | "number" | "literal" | "container";

/** The tone of a value. */
export function toneOf(value: unknown): Tone {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return "number";
  return typeof value === "object" && value !== null ? "container" : "literal";
}

/** A value in one line; containers by their size and what they begin with. */
export function previewOf(value: unknown): string {
  if (typeof value === "string") {
    return value.length > TEXT_MAX
      ? `${JSON.stringify(value.slice(0, TEXT_MAX)).slice(0, -1)}…"`
      : JSON.stringify(value);
  }
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[${value.length}]`;
  if (isObject(value)) {
    const names = Object.keys(value);
    if (names.length === 0) return "{}";
    return `{ ${names.slice(0, MEMBERS_MAX).join(", ")}${names.length > MEMBERS_MAX ? ", …" : ""} }`;
  }
  return String(value);
}
