import { childPointer, isContainer } from "./pointer";

/** So many places are found at most. */
export const MATCHES_MAX = 1_000;
/** The search gives way to the page after so long. */
const SLICE_MS = 8;
const CHECKED_EVERY = 500;

/** What was found so far. */
export interface Found {
  readonly pointers: readonly string[];
  readonly isComplete: boolean;
}

/**
 * Looks for a text in names and values, whatever the case, without holding up the page.
 * `onFound` is told what there is after each slice of time and at the end.
 */
export async function searchJson(
  value: unknown,
  text: string,
  signal: AbortSignal,
  onFound: (found: Found) => void,
): Promise<void> {
  const pointers: string[] = [];
  const walk = matches(value, text.toLowerCase());
  let since = performance.now();
  for (const pointer of walk) {
    if (signal.aborted) return;
    if (pointer !== undefined) pointers.push(pointer);
    if (pointers.length >= MATCHES_MAX) break;
    if (performance.now() - since < SLICE_MS) continue;
    onFound({ pointers: [...pointers], isComplete: false });
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  if (!signal.aborted) onFound({ pointers, isComplete: true });
}

/** The places where a text is, in the order of the tree; undefined now and then, so that the caller may rest. */
function* matches(root: unknown, text: string): Generator<string | undefined> {
  const waiting: (readonly [pointer: string, name: string, value: unknown])[] = [["", "", root]];
  let visited = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [pointer, name, value] = next;
    visited += 1;
    if (visited % CHECKED_EVERY === 0) yield undefined;
    if (isContainer(value)) {
      if (name.toLowerCase().includes(text)) yield pointer;
      const names = Object.keys(value);
      for (let index = names.length - 1; index >= 0; index -= 1) {
        const child = names[index] as string;
        const token = Array.isArray(value) ? index : child;
        waiting.push([
          childPointer(pointer, token),
          Array.isArray(value) ? "" : child,
          (value as Record<string, unknown>)[child],
        ]);
      }
    } else if (name.toLowerCase().includes(text) || String(value).toLowerCase().includes(text)) {
      yield pointer;
    }
  }
}
