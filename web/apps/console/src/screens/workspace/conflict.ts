import type { Schemas } from "@timeloom/client";

export type SyncConflict = Schemas["SyncConflict"];
export type MutationDeadLetter = Schemas["MutationDeadLetter"];

/** What to keep of a field: what was meant here, what is there, or something else. */
export type Side = "mine" | "theirs";

/** A field that both changed, with what each made of it. */
export interface ConflictField {
  readonly name: string;
  readonly mine: unknown;
  readonly theirs: unknown;
  /** Whether both changed it; others only the mutation sets. */
  readonly isContested: boolean;
}

/** The fields of a conflict: those that both changed come first. */
export function fieldsOf({ mutation, serverValue, fields }: SyncConflict): ConflictField[] {
  const mine = (mutation?.value ?? {}) as Record<string, unknown>;
  const theirs = (serverValue ?? {}) as Record<string, unknown>;
  const contested = new Set(fields);
  return [...new Set([...fields, ...Object.keys(mine)])].map((name) => ({
    name,
    mine: mine[name],
    theirs: theirs[name],
    isContested: contested.has(name),
  }));
}

/** What becomes of a record when for each field a side is taken: only what differs from the record is set. */
export function mergedOf(
  fields: readonly ConflictField[],
  taken: Readonly<Record<string, Side>>,
): Record<string, unknown> {
  const set = fields.filter(({ name }) => (taken[name] ?? "mine") === "mine");
  return Object.fromEntries(set.map(({ name, mine }) => [name, mine]));
}

/** A value in one line or several, as people read it. */
export function textOf(value: unknown): string {
  if (value === undefined) return "Not set";
  return typeof value === "string" ? value || "Empty" : JSON.stringify(value, null, 2);
}

/** A record by what people call it. */
export function nameOf(value: unknown, recordId: string): string {
  const { title, name, key } = (value ?? {}) as Record<string, unknown>;
  const found = [title, name, key].find((each) => typeof each === "string" && each !== "");
  return typeof found === "string" ? found : recordId;
}

const NOUNS: Readonly<Record<string, string>> = {
  tasks: "Task",
  environments: "Environment",
  preferences: "Preference",
  agent_sessions: "Agent session",
};

/** What the records of a table are called. */
export function nounOf(table: string): string {
  return NOUNS[table] ?? table;
}
