import type { Schemas } from "../types.js";

/** A row as a shape brings it: the record's fields by their names in REST, and what it is merged by. */
type Synced<T> = Omit<T, "etag"> & { readonly version: number; readonly clock: string };

export type TaskRow = Synced<Schemas["Task"]>;
export type EnvironmentRow = Synced<Schemas["Environment"]>;
export type PreferenceRow = Synced<Schemas["Preference"]>;
export type AgentSessionRow = Synced<Schemas["AgentSession"]>;

/** A conflict as its shape brings it. */
export type SyncConflictRow = Omit<Schemas["SyncConflict"], "mutation"> & {
  readonly recordTable: string;
  readonly recordId: string;
  readonly mutation: Schemas["Mutation"];
};

/** A migration as its shape brings it. */
export type MigrationRow = Pick<Schemas["Migration"], "id" | "status" | "createTime"> &
  Readonly<Record<string, unknown>>;

/** What a shape has of an execution. */
export type ExecutionRow = Pick<
  Schemas["Execution"],
  "id" | "agentId" | "sessionId" | "name" | "status" | "tags" | "traceId" | "createTime" | "endTime"
> & { readonly forkedFromExecutionId: string | null; readonly forkedFromSequence: number | null };

/** What a shape has of a memory; its content is read by its id when `version` has changed. */
export type MemoryRow = Pick<
  Schemas["Memory"],
  "id" | "namespace" | "key" | "kind" | "tags" | "importance" | "archived" | "createTime" | "updateTime"
> & { readonly version: number; readonly validTo: string | null; readonly expireTime: string | null };

/** The rows of each collection. */
export interface RowTypes {
  readonly tasks: TaskRow;
  readonly environments: EnvironmentRow;
  readonly preferences: PreferenceRow;
  readonly agentSessions: AgentSessionRow;
  readonly syncConflicts: SyncConflictRow;
  readonly migrations: MigrationRow;
  readonly executions: ExecutionRow;
  readonly memories: MemoryRow;
}

export type TableName = keyof RowTypes;

interface Table {
  /** Its name as a shape, and in mutations. */
  readonly name: string;
  /** The fields that a mutation may set. */
  readonly writable: readonly string[];
}

const readOnly = (name: string): Table => ({ name, writable: [] });

export const TABLES: Readonly<Record<TableName, Table>> = {
  tasks: {
    name: "tasks",
    writable: [
      "title",
      "description",
      "status",
      "priority",
      "mode",
      "userId",
      "sessionId",
      "environmentId",
      "repository",
      "branch",
      "statusMessage",
      "hasChanges",
      "archived",
      "messages",
      "pullRequest",
      "tags",
      "metadata",
    ],
  },
  environments: {
    name: "environments",
    writable: [
      "name",
      "description",
      "githubOrganization",
      "githubRepository",
      "variables",
      "userId",
      "metadata",
    ],
  },
  preferences: { name: "preferences", writable: ["userId", "key", "value"] },
  agentSessions: {
    name: "agent_sessions",
    writable: [
      "userId",
      "agentId",
      "type",
      "title",
      "data",
      "currentStage",
      "totalStages",
      "active",
      "startTime",
      "endTime",
      "lastInteractionTime",
      "metadata",
    ],
  },
  syncConflicts: readOnly("sync_conflicts"),
  migrations: readOnly("migrations"),
  executions: readOnly("executions"),
  memories: readOnly("memories"),
};

/** What a mutation sets: of the fields of a row those that may be set. */
export function settable(table: TableName, fields: object): Record<string, unknown> {
  const { writable } = TABLES[table];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => writable.includes(name)));
}

/** The collection of a table as mutations name it; undefined if it has none. */
export function collectionOf(table: string): TableName | undefined {
  const found = Object.entries(TABLES).find(([, { name }]) => name === table);
  return found?.[0] as TableName | undefined;
}
