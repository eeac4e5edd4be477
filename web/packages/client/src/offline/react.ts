import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import type { OfflineQueue, QueueState } from "./queue.js";

/** Lends a queue to the hooks below it: `<OfflineQueueContext value={queue}>`; null while it is being opened. */
export const OfflineQueueContext = createContext<OfflineQueue | null>(null);

const NOTHING: QueueState = {
  status: "idle",
  pending: [],
  failed: [],
  conflicts: [],
  error: "",
  sentTime: "",
  isDurable: true,
};
const never = () => () => undefined;

/** What a queue shows, and what can be done with it. */
export interface OfflineQueueHook extends QueueState {
  /** The queue itself; null while it is being opened. */
  readonly queue: OfflineQueue | null;
  /** Sends what waits at once. */
  readonly flush: () => Promise<void>;
  /** Tries a mutation again that failed, perhaps with another value. */
  readonly retry: (id: string, value?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Forgets mutations that wait or failed. */
  readonly discard: (ids: readonly string[]) => Promise<void>;
}

/** The changes that wait to be sent, and those that failed. */
export function useOfflineQueue(): OfflineQueueHook {
  const queue = useContext(OfflineQueueContext);
  const state = useSyncExternalStore(queue?.subscribe ?? never, () => queue?.state ?? NOTHING);
  return useMemo(
    () => ({
      ...state,
      queue,
      flush: async () => queue?.flush(),
      retry: async (id, value) => queue?.retry(id, value),
      discard: async (ids) => queue?.discard(ids),
    }),
    [state, queue],
  );
}
