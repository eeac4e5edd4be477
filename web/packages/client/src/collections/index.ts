export { useLiveQuery } from "@tanstack/react-db";
export {
  type Collections,
  type CollectionsOptions,
  openCollections,
  type SyncedCollection,
} from "./collections.js";
export { KEPT_ROW_CHARACTERS_MAX, KEPT_ROWS_MAX, KeptRows } from "./kept-rows.js";
export { AWAIT_MS_MAX, MutationRefusedError } from "./mirror.js";
export type {
  AgentSessionRow,
  EnvironmentRow,
  ExecutionRow,
  MemoryRow,
  MigrationRow,
  PreferenceRow,
  RowTypes,
  SyncConflictRow,
  TableName,
  TaskRow,
} from "./tables.js";
