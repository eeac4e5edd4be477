export {
  CALL_TIMEOUT_SECONDS,
  createTimeloom,
  csrfToken,
  type Timeloom,
  type TimeloomOptions,
} from "./client.js";
export type { components, operations, paths } from "./generated/api.js";
export { type Health, readHealth } from "./health.js";
export { errorOf, TimeloomError, type Violation } from "./problem.js";
export type { Answer, Body, Fields, Filter, Params, Paths, Query, Rest } from "./rest.js";
export type * from "./types.js";
