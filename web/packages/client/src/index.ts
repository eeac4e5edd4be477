export {
  CALL_TIMEOUT_SECONDS,
  createTimeloom,
  csrfToken,
  type Timeloom,
  type TimeloomOptions,
} from "./client.js";
export type { components, operations, paths } from "./generated/api.js";
export { type Health, readHealth } from "./health.js";
export {
  createLive,
  type Live,
  type LiveListener,
  type LiveOptions,
  type Socket,
} from "./live/live.js";
export type { LiveStatus } from "./live/machine.js";
export type { LiveKind } from "./live/protocol.js";
export { errorOf, TimeloomError, type Violation } from "./problem.js";
export { type ReplayStatus, SPEED_MAX, SPEED_MIN } from "./replay/machine.js";
export type { Answer, Body, Fields, Filter, Init, Method, Params, Place, Query, Rest } from "./rest.js";
export type * from "./types.js";
