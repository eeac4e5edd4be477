/** A name or an index on the way into a state. */
type Token = string | number;
type Path = readonly Token[];

/** What turns one state into the next, as the contract writes it. */
export type Operation =
  | readonly ["set", Path, unknown]
  | readonly ["remove", Path]
  | readonly ["splice", path: Path, index: number, deleteCount: number, values: readonly unknown[] | string];

/** A state, and how many references were copied to make it. */
export interface Applied {
  readonly state: unknown;
  readonly copiedCount: number;
}

/**
 * Applies a delta to a state, which stays as it is: the new state shares with it all that the delta does not touch, so
 * that a thousand states of a recording take little more than their deltas.
 */
export function applyDelta(state: unknown, operations: readonly Operation[]): Applied {
  const copies = new Copies();
  let root = state;
  for (const operation of operations) root = applied(root, operation, copies);
  return { state: root, copiedCount: copies.count };
}

/** Copies each container once for a delta, however many of its operations touch it. */
class Copies {
  readonly #made = new Set<object>();
  count = 0;

  of<Container extends object>(container: Container): Container {
    if (this.#made.has(container)) return container;
    const copy = (Array.isArray(container) ? [...container] : { ...container }) as Container;
    this.count += Array.isArray(container) ? container.length : Object.keys(container).length;
    this.#made.add(copy);
    return copy;
  }
}

function applied(root: unknown, operation: Operation, copies: Copies): unknown {
  const [kind, path] = operation;
  if (kind === "splice") {
    const [, , index, deleteCount, values] = operation;
    return updated(root, path, 0, copies, (old) => spliced(old, index, deleteCount, values));
  }
  const last = path.at(-1);
  if (last === undefined) return kind === "set" ? operation[2] : undefined;
  return updated(root, path.slice(0, -1), 0, copies, (old) => {
    const container = copies.of(asContainer(old));
    if (kind === "set") put(container, last, operation[2]);
    else Reflect.deleteProperty(container, last);
    return container;
  });
}

function updated(
  value: unknown,
  path: Path,
  depth: number,
  copies: Copies,
  change: (old: unknown) => unknown,
): unknown {
  const token = path[depth];
  if (token === undefined) return change(value);
  const container = copies.of(asContainer(value));
  put(container, token, updated(Reflect.get(container, token), path, depth + 1, copies, change));
  return container;
}

function spliced(
  old: unknown,
  index: number,
  deleteCount: number,
  values: readonly unknown[] | string,
): unknown {
  if (typeof values === "string") {
    const points = [...String(old)]; // code points, as the contract counts them
    return points.slice(0, index).join("") + values + points.slice(index + deleteCount).join("");
  }
  const list = old as readonly unknown[];
  return list.slice(0, index).concat(values, list.slice(index + deleteCount));
}

// A member may be called `__proto__`, which an assignment takes for something else.
function put(container: object, token: Token, value: unknown): void {
  if (token === "__proto__") {
    Object.defineProperty(container, token, { value, writable: true, enumerable: true, configurable: true });
  } else {
    Reflect.set(container, token, value);
  }
}

function asContainer(value: unknown): object {
  if (typeof value === "object" && value !== null) return value;
  throw new Error("A delta does not fit the state before it.");
}
