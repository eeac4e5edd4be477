import type { JsonMarks, Mark } from "./marks";
import { childPointer, isContainer, isObject, type Token } from "./pointer";

/** A container with more children than this shows them in groups of so many. */
export const GROUP_SIZE = 100;
/** So many rows are shown at most; what is beyond is closed or searched for. */
export const ROWS_MAX = 20_000;

/** A line of the tree. */
export interface OutlineRow {
  /** Unique in the outline. */
  readonly id: string;
  readonly pointer: string;
  /** The member's name or the element's index; undefined for the root. */
  readonly name: Token | undefined;
  readonly depth: number;
  readonly value: unknown;
  readonly isOpen: boolean;
  /** How many children it has; undefined for what can have none. */
  readonly size: number | undefined;
  /** From which child to which, if it is a group of a long container. */
  readonly range?: readonly [number, number];
  readonly mark: Mark | undefined;
  /** Something below it changed. */
  readonly hasChangesBelow: boolean;
  readonly position: number;
  readonly siblings: number;
}

/** What the reader opened and closed; what is in neither is as its depth and size suggest. */
export type OpenRows = ReadonlyMap<string, boolean>;

interface Place {
  readonly depth: number;
  readonly inherited: Mark | undefined;
}

/** Lists the rows of a value that are visible: children of closed rows are never looked at. */
export function outline(value: unknown, open: OpenRows, marks: JsonMarks): readonly OutlineRow[] {
  const rows: OutlineRow[] = [];
  if (isContainer(value)) addChildren(rows, value, "", { depth: 0, inherited: marks.of("") }, open, marks);
  else addRow(rows, value, "", undefined, { depth: 0, inherited: undefined }, [1, 1], open, marks);
  return rows;
}

function addChildren(
  rows: OutlineRow[],
  value: object,
  pointer: string,
  place: Place,
  open: OpenRows,
  marks: JsonMarks,
): void {
  const names = namesOf(value);
  const removed = marks.removedFrom(pointer);
  const siblings = names.length + removed.length;
  if (names.length <= GROUP_SIZE) {
    addRange(rows, value, pointer, names, [0, names.length], siblings, place, open, marks);
  } else {
    for (let first = 0; first < names.length; first += GROUP_SIZE) {
      const range = [first, Math.min(first + GROUP_SIZE, names.length)] as const;
      addGroup(rows, value, pointer, names, range, place, open, marks);
    }
  }
  removed.forEach((change, index) => {
    if (rows.length >= ROWS_MAX) return;
    rows.push({
      id: `removed:${change.path}`,
      pointer: change.path,
      name: change.name,
      depth: place.depth,
      value: change.value,
      isOpen: false,
      size: undefined,
      mark: "REMOVED",
      hasChangesBelow: false,
      position: names.length + index + 1,
      siblings,
    });
  });
}

function addGroup(
  rows: OutlineRow[],
  value: object,
  pointer: string,
  names: readonly Token[],
  range: readonly [number, number],
  place: Place,
  open: OpenRows,
  marks: JsonMarks,
): void {
  if (rows.length >= ROWS_MAX) return;
  const id = `group:${range[0]}:${pointer}`;
  const isOpen = open.get(id) ?? false;
  rows.push({
    id,
    pointer,
    name: undefined,
    depth: place.depth,
    value: undefined,
    isOpen,
    size: range[1] - range[0],
    range,
    mark: undefined,
    hasChangesBelow: marks.hasBetween(pointer, names, range),
    position: Math.floor(range[0] / GROUP_SIZE) + 1,
    siblings: Math.ceil(names.length / GROUP_SIZE),
  });
  if (!isOpen) return;
  const within = { depth: place.depth + 1, inherited: place.inherited };
  addRange(rows, value, pointer, names, range, range[1] - range[0], within, open, marks);
}

function addRange(
  rows: OutlineRow[],
  value: object,
  pointer: string,
  names: readonly Token[],
  [first, end]: readonly [number, number],
  siblings: number,
  place: Place,
  open: OpenRows,
  marks: JsonMarks,
): void {
  for (let index = first; index < end && rows.length < ROWS_MAX; index += 1) {
    const name = names[index] as Token;
    const child = (value as Record<Token, unknown>)[name];
    const position = [index - first + 1, siblings] as const;
    addRow(rows, child, childPointer(pointer, name), name, place, position, open, marks);
  }
}

function addRow(
  rows: OutlineRow[],
  value: unknown,
  pointer: string,
  name: Token | undefined,
  place: Place,
  [position, siblings]: readonly [number, number],
  open: OpenRows,
  marks: JsonMarks,
): void {
  const size = sizeOf(value);
  const isOpen = size !== undefined && size > 0 && (open.get(pointer) ?? isOpenAtFirst(place.depth, size));
  const mark = marks.of(pointer) ?? place.inherited;
  const hasChangesBelow = size !== undefined && marks.hasBelow(pointer);
  rows.push({
    id: pointer,
    pointer,
    name,
    depth: place.depth,
    value,
    isOpen,
    size,
    mark,
    hasChangesBelow,
    position,
    siblings,
  });
  if (!isOpen) return;
  const inherited = mark === "ADDED" ? mark : undefined;
  addChildren(rows, value as object, pointer, { depth: place.depth + 1, inherited }, open, marks);
}

function isOpenAtFirst(depth: number, size: number): boolean {
  return depth === 0 && size <= GROUP_SIZE;
}

/** How many children a value has; undefined if it can have none. */
export function sizeOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

const sorted = new WeakMap<object, readonly string[]>();

/** In the order of the contract: deltas put new members last, but the order of members means nothing. */
function namesOf(value: object): readonly Token[] {
  if (Array.isArray(value)) return value.map((_, index) => index);
  let names = sorted.get(value);
  if (names === undefined) {
    names = Object.keys(value).sort();
    sorted.set(value, names);
  }
  return names;
}

/** The ids of the rows that have to be open for a pointer's row to be visible. */
export function opened(value: unknown, tokens: readonly string[]): readonly string[] {
  const ids: string[] = [];
  let pointer = "";
  let found = value;
  for (const token of tokens) {
    if (!isContainer(found)) break;
    if (pointer !== "") ids.push(pointer);
    const names = namesOf(found);
    if (names.length > GROUP_SIZE) {
      const index = Array.isArray(found) ? Number(token) : names.indexOf(token);
      if (index >= 0) ids.push(`group:${Math.floor(index / GROUP_SIZE) * GROUP_SIZE}:${pointer}`);
    }
    pointer = childPointer(pointer, Array.isArray(found) ? Number(token) : token);
    found = (found as Record<string, unknown>)[token];
  }
  return ids;
}
