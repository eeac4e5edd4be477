import type { Json } from "./schema";

/** A value as a person writes it: JSON, or a text as it stands where it cannot be taken for JSON. */
export function textOfAny(value: Json | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string" && value.trim() !== "" && !looksLikeJson(value) && parse(value) === undefined)
    return value;
  return JSON.stringify(value, null, 2);
}

/** What a person wrote: a value, or why it is none yet. */
export function anyOfText(
  text: string,
  { mayBeText = true }: { mayBeText?: boolean } = {},
): { readonly value?: Json; readonly problem?: string } {
  if (text.trim() === "") return {};
  const parsed = parse(text);
  if (parsed !== undefined) return { value: parsed };
  if (mayBeText && !looksLikeJson(text)) return { value: text };
  return { problem: `This is not JSON yet: ${problemOf(text)}` };
}

/** Whether a text begins as JSON does that only a mistake would make a text of. */
function looksLikeJson(text: string): boolean {
  return /^\s*[[{"]/.test(text);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // a text, or JSON that is not finished
  }
}

function problemOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
