export { ALL_SNAPSHOTS_MAX, useAllSnapshots } from "./all-snapshots.js";
export { invalidatePaths, WHOLE_PAGES_MAX } from "./anew.js";
export type { Api } from "./api.js";
export * from "./events.js";
export * from "./executions.js";
export { LIVE_INTERVAL_MS, useLiveInvalidation, useLiveStatus, useLiveTopic } from "./live.js";
export { LIVE_TOPICS, TELEMETRY_INTERVAL_MS } from "./live-invalidation.js";
export * from "./memory.js";
export * from "./migrations.js";
export * from "./observability.js";
export {
  TimeloomProvider,
  type TimeloomProviderProps,
  useApi,
  useTimeloom,
} from "./provider.js";
export type { Action, Listing, Reading, ReadOptions } from "./queries.js";
export * from "./replay.js";
export * from "./system.js";
export * from "./time-travel.js";
export * from "./workflows.js";
export * from "./workspace.js";
