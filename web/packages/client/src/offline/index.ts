export {
  type Clock,
  COUNTER_MAX,
  formatClock,
  InvalidClockError,
  NODE_CHARACTERS_MAX,
  nextClock,
  parseClock,
} from "./clock.js";
export { removeDatabase } from "./database.js";
export { randomId } from "./ids.js";
export { memoryOutbox } from "./memory-outbox.js";
export {
  FAILED_MAX,
  type FailedMutation,
  MUTATION_CHARACTERS_MAX,
  type Mutation,
  type MutationOperation,
  type MutationResult,
  OutboxFullError,
  type OutboxStorage,
  PENDING_MAX,
  type PendingMutation,
} from "./outbox.js";
export {
  type Change,
  OfflineQueue,
  type OfflineQueueOptions,
  openOfflineQueue,
  type QueueState,
  type QueueStatus,
} from "./queue.js";
export { OfflineQueueContext, type OfflineQueueHook, useOfflineQueue } from "./react.js";
export { BACKOFF_MS_MAX, BATCH_CHARACTERS_MAX, BATCH_MAX } from "./sending.js";
