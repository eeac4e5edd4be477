export {
  CALL_TIMEOUT_SECONDS,
  createTimeloom,
  csrfToken,
  type Rest,
  type Timeloom,
  type TimeloomOptions,
} from "./client.js";
export type { components, operations, paths } from "./generated/api.js";
export { errorOf, TimeloomError, type Violation } from "./problem.js";
