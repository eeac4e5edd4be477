import type { Memory } from "@timeloom/client";
import { formatDateTime, wordsOf } from "../../../ui/format";
import { changesBetween } from "../../../ui/json/changes";

/** A field that differs between two versions, as texts; empty where it was absent. */
export interface FieldChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

const TIMES = [
  ["occurTime", "Happened"],
  ["validFrom", "Holds from"],
  ["validTo", "Holds until"],
  ["expireTime", "Expires"],
] as const;

/** What differs between two versions besides their contents. */
export function changedFields(before: Memory, after: Memory): FieldChange[] {
  const pairs: (readonly [string, string, string])[] = [
    ["Kind", wordsOf(before.kind), wordsOf(after.kind)],
    ["Key", before.key, after.key],
    ["Tags", before.tags.join(", "), after.tags.join(", ")],
    ["Importance", String(before.importance), String(after.importance)],
    ["Confidence", before.confidence.toFixed(2), after.confidence.toFixed(2)],
    ["Archived", before.archived ? "yes" : "no", after.archived ? "yes" : "no"],
    ["Replaced by", before.supersededBy, after.supersededBy],
    ["Context", before.context, after.context],
    ...TIMES.map(([field, name]) => [name, timeOf(before[field]), timeOf(after[field])] as const),
    ...changesBetween(before.metadata ?? {}, after.metadata ?? {}).changes.map(
      (change) => [`Metadata ${change.path}`, jsonOf(change.oldValue), jsonOf(change.newValue)] as const,
    ),
  ];
  return pairs
    .filter(([, old, now]) => old !== now)
    .map(([name, old, now]) => ({ name, before: old, after: now }));
}

function timeOf(time: string | undefined): string {
  return time === undefined ? "" : formatDateTime(time);
}

function jsonOf(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}
