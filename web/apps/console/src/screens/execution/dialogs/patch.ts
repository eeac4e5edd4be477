/** A change of the state that a fork begins with, as the reader writes it. */
export interface Edit {
  /** Stays the same while it is written. */
  readonly id: number;
  readonly op: "replace" | "add" | "remove";
  /** A JSON pointer. */
  readonly path: string;
  /** JSON. */
  readonly text: string;
}

/** What is wrong with an edit, at its field. */
export interface EditProblem {
  readonly path?: string;
  readonly text?: string;
}

/** So many changes a fork may begin with here; the API takes more. */
export const EDITS_MAX = 50;

type Operation =
  | { readonly op: "replace" | "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Makes a JSON Patch (RFC 6902) of edits, or tells by their ids what is wrong with them. */
export function patchOf(
  edits: readonly Edit[],
): { readonly patch: readonly Operation[] } | { readonly problems: ReadonlyMap<number, EditProblem> } {
  const problems = new Map<number, EditProblem>();
  const patch: Operation[] = [];
  for (const { id, op, path, text } of edits) {
    const isPointer = path === "" || path.startsWith("/");
    const value = op === "remove" ? undefined : parse(text);
    const problem = {
      ...(!isPointer && { path: "Begins with /" }),
      ...(op === "remove" && path === "" && { path: "The whole state cannot be removed" }),
      ...(value instanceof SyntaxError && { text: `No JSON: ${value.message}` }),
    };
    if (Object.keys(problem).length > 0) problems.set(id, problem);
    else patch.push(op === "remove" ? { op, path } : { op, path, value });
  }
  return problems.size > 0 ? { problems } : { patch };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
