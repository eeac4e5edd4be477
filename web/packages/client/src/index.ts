export {
  CALL_TIMEOUT_SECONDS,
  createTimeloom,
  type Rest,
  type Timeloom,
  type TimeloomOptions,
} from "./client.js";
export type { components, operations, paths } from "./generated/api.js";
export { TimeloomError, type Violation } from "./problem.js";
