import { LocalError } from "../errors.js";
import type { Operation, Path } from "./delta.js";
import { isList, isObject, type Json, type JsonObject, kindOf } from "./json.js";

/**
 * The state after a delta. The state that is given stays as it is, and the two share all that is equal.
 *
 * @throws LocalError `INVALID_ARGUMENT` if an operation does not fit the state.
 */
export function apply(state: Json, operations: readonly Operation[]): Json {
  const writer = new Writer(state);
  operations.forEach((operation, index) => {
    try {
      writer.apply(operation);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const field = `operations[${index}]`;
      throw new LocalError("INVALID_ARGUMENT", `${field} does not fit: ${error.message}`, { field });
    }
  });
  return writer.state;
}

/** An operation does not fit the state. */
class Misfit extends Error {}

type Container = Json[] | Record<string, Json>;

/** A state under change: containers are copied when they are first written to. */
class Writer {
  state: Json;
  readonly #owned = new Set<unknown>();

  constructor(state: Json) {
    this.state = state;
  }

  apply(operation: Operation): void {
    const [kind, path] = operation;
    if (kind === "splice") this.#splice(operation);
    else if (kind === "set") this.#set(path, operation[2]);
    else if (kind === "remove") this.#remove(path);
    else throw new Misfit(`there is no operation ${kind}`);
  }

  #set(path: Path, value: Json): void {
    const key = path.at(-1);
    if (key === undefined) {
      this.state = value;
      return;
    }
    const container = this.#container(path.slice(0, -1));
    if (isList(container) || typeof key === "number") childOf(container, key);
    put(container, key, value);
  }

  #remove(path: Path): void {
    const key = path.at(-1);
    if (key === undefined) throw new Misfit("the root cannot be removed");
    const container = this.#container(path.slice(0, -1));
    if (isList(container)) throw new Misfit("only the members of an object are removed; a list is spliced");
    childOf(container, key);
    delete (container as Record<string, Json>)[key];
  }

  #splice([, path, index, deleteCount, values]: Extract<Operation, readonly ["splice", ...unknown[]]>): void {
    if (typeof values === "string") {
      const text = path.reduce<Json>(childOf, this.state);
      if (typeof text !== "string") throw new Misfit(`text cannot be spliced into a ${kindOf(text)}`);
      const points = [...text];
      checkRange(index, deleteCount, points.length);
      const before = points.slice(0, index).join("");
      this.#set(path, `${before}${values}${points.slice(index + deleteCount).join("")}`);
      return;
    }
    const list = this.#container(path);
    if (!Array.isArray(list)) throw new Misfit("elements can only be spliced into a list");
    checkRange(index, deleteCount, list.length);
    const rest = list.slice(index + deleteCount);
    list.length = index;
    for (const value of values) list.push(value);
    for (const value of rest) list.push(value);
  }

  /** The container at a path, free to be written to. */
  #container(path: Path): Container {
    let node = this.#own(this.state);
    this.state = node;
    for (const key of path) {
      const child = this.#own(childOf(node, key));
      put(node, key, child);
      node = child;
    }
    return node;
  }

  #own(value: Json): Container {
    if (this.#owned.has(value)) return value as Container;
    if (!isList(value) && !isObject(value)) throw new Misfit(`there is nothing below a ${kindOf(value)}`);
    const copy: Container = isList(value) ? [...value] : { ...value };
    this.#owned.add(copy);
    return copy;
  }
}

function put(container: Container, key: string | number, value: Json): void {
  // A member of any name, also one that assignment would take for something else.
  Object.defineProperty(container, key, { value, configurable: true, enumerable: true, writable: true });
}

function childOf(container: Json, key: string | number): Json {
  if (isObject(container)) {
    if (typeof key !== "string" || !Object.hasOwn(container, key))
      throw new Misfit(`there is no member ${key}`);
    return (container as JsonObject)[key] as Json;
  }
  if (!isList(container)) throw new Misfit(`there is nothing below a ${kindOf(container)}`);
  const child = typeof key === "number" ? container[key] : undefined;
  if (child === undefined) throw new Misfit(`there is no element ${key} in a list of ${container.length}`);
  return child;
}

function checkRange(index: number, count: number, length: number): void {
  if (!(index >= 0 && count >= 0 && index + count <= length)) {
    throw new Misfit(`${index} to ${index + count} is not within the ${length} that are there`);
  }
}
