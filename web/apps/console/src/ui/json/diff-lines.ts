import type { JsonChange, Mark } from "./marks";

/** Of one value so many lines are shown until the reader asks for all. */
export const LINES_SHOWN = 24;
/** Nobody reads more lines of one value. */
export const LINES_MAX = 5_000;
/** Longer lines are cut. */
const LINE_CHARACTERS_MAX = 2_000;

/** A part of a line; `isNew` if the other side does not have it. */
export interface Part {
  readonly text: string;
  readonly isNew: boolean;
}

/** A line of a value. */
export interface Line {
  readonly number: number;
  readonly parts: readonly Part[];
}

/** A row of a diff. */
export type DiffRow =
  | { readonly type: "path"; readonly id: string; readonly change: JsonChange; readonly kind: Mark }
  | {
      readonly type: "line";
      readonly id: string;
      readonly older: Line | undefined;
      readonly newer: Line | undefined;
    }
  | { readonly type: "more"; readonly id: string; readonly path: string; readonly hidden: number };

/** Lays changes out as rows: one column of removed and added lines, or the older state beside the newer one. */
export function diffRows(
  changes: readonly JsonChange[],
  { isSplit, whole }: { isSplit: boolean; whole: ReadonlySet<string> },
): readonly DiffRow[] {
  const rows: DiffRow[] = [];
  changes.forEach((change, index) => {
    if (change.kind === "UNSPECIFIED") return;
    const id = `${index}:${change.path}`;
    rows.push({ type: "path", id, change, kind: change.kind });
    const { older, newer } = linesOf(change);
    const lines = isSplit ? sideBySide(older, newer) : oneBelowAnother(older, newer);
    const limit = whole.has(change.path) ? LINES_MAX : LINES_SHOWN;
    lines.slice(0, limit).forEach((line, at) => {
      rows.push({ type: "line", id: `${id}:${at}`, ...line });
    });
    if (lines.length > limit) {
      rows.push({ type: "more", id: `${id}:more`, path: change.path, hidden: lines.length - limit });
    }
  });
  return rows;
}

interface Pair {
  readonly older: Line | undefined;
  readonly newer: Line | undefined;
}

function sideBySide(older: readonly Line[], newer: readonly Line[]): readonly Pair[] {
  return Array.from({ length: Math.max(older.length, newer.length) }, (_, index) => ({
    older: older[index],
    newer: newer[index],
  }));
}

function oneBelowAnother(older: readonly Line[], newer: readonly Line[]): readonly Pair[] {
  return [
    ...older.map((line) => ({ older: line, newer: undefined })),
    ...newer.map((line) => ({ older: undefined, newer: line })),
  ];
}

function linesOf(change: JsonChange): { older: readonly Line[]; newer: readonly Line[] } {
  const older = change.kind === "ADDED" ? [] : textOf(change.oldValue);
  const newer = change.kind === "REMOVED" ? [] : textOf(change.newValue);
  if (change.kind !== "CHANGED") return { older: older.map(plain), newer: newer.map(plain) };
  return {
    older: older.map((text, index) => marked(text, newer[index], index)),
    newer: newer.map((text, index) => marked(text, older[index], index)),
  };
}

/** A text of several lines as it is read; any other value as indented JSON. */
function textOf(value: unknown): readonly string[] {
  const text =
    typeof value === "string" && value.includes("\n") ? value : (JSON.stringify(value, null, 2) ?? "");
  return text
    .split("\n")
    .map((line) => (line.length > LINE_CHARACTERS_MAX ? `${line.slice(0, LINE_CHARACTERS_MAX)}…` : line));
}

function plain(text: string, index: number): Line {
  return { number: index + 1, parts: [{ text, isNew: false }] };
}

/** A line with what its counterpart does not have marked: what is between their common beginning and end. */
function marked(text: string, other: string | undefined, index: number): Line {
  if (other === undefined || other === text) return plain(text, index);
  const shorter = Math.min(text.length, other.length);
  let head = 0;
  while (head < shorter && text[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && text.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const parts = [
    { text: text.slice(0, head), isNew: false },
    { text: text.slice(head, text.length - tail), isNew: true },
    { text: text.slice(text.length - tail), isNew: false },
  ];
  return { number: index + 1, parts: parts.filter((part) => part.text !== "") };
}
