import { childPointer, parentPointer, type Token, tokensOf } from "./pointer";

/** How a place differs from the state before. */
export type Mark = "ADDED" | "REMOVED" | "CHANGED";

/** One difference between two states, as Timeloom tells it. */
export interface JsonChange {
  readonly kind: Mark | "UNSPECIFIED";
  /** A JSON pointer: into the newer state, or into the older one where the value was removed. */
  readonly path: string;
  readonly oldPath?: string | undefined;
  readonly oldValue?: unknown;
  readonly newValue?: unknown;
}

/** Something that is not there any more. */
export interface RemovedChild {
  readonly path: string;
  readonly name: string;
  readonly value: unknown;
}

/** Where a state differs, to be asked for each row of a tree. */
export class JsonMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #removed = new Map<string, RemovedChild[]>();
  readonly #above = new Set<string>();

  constructor(changes: readonly JsonChange[]) {
    for (const change of changes) {
      if (change.kind === "UNSPECIFIED") continue;
      if (change.kind === "REMOVED") this.#addRemoved(change);
      else this.#marks.set(change.path, change.kind);
      for (let at = change.path; at !== ""; ) {
        at = parentPointer(at);
        if (this.#above.has(at)) break;
        this.#above.add(at);
      }
    }
  }

  #addRemoved({ path, oldValue }: JsonChange): void {
    const parent = parentPointer(path);
    const child = { path, name: tokensOf(path).at(-1) ?? "", value: oldValue };
    const siblings = this.#removed.get(parent);
    if (siblings === undefined) this.#removed.set(parent, [child]);
    else siblings.push(child);
  }

  /** How the place itself differs. */
  of(pointer: string): Mark | undefined {
    return this.#marks.get(pointer);
  }

  /** Whether something below the place differs. */
  hasBelow(pointer: string): boolean {
    return this.#above.has(pointer);
  }

  /** Whether some of a container's children, or what is below them, differ. */
  hasBetween(pointer: string, names: readonly Token[], [first, end]: readonly [number, number]): boolean {
    if (!this.#above.has(pointer)) return false;
    for (let index = first; index < end; index += 1) {
      const child = childPointer(pointer, names[index] as Token);
      if (this.#marks.has(child) || this.#above.has(child)) return true;
    }
    return false;
  }

  /** What a container has no more. */
  removedFrom(pointer: string): readonly RemovedChild[] {
    return this.#removed.get(pointer) ?? NONE;
  }
}

const NONE: readonly RemovedChild[] = [];

/** No difference anywhere. */
export const NO_MARKS = new JsonMarks([]);
