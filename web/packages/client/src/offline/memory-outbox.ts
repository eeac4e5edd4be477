import { nextClock } from "./clock.js";
import { randomId } from "./ids.js";
import {
  checkRoom,
  checkSize,
  type FailedMutation,
  newest,
  type OutboxStorage,
  type PendingMutation,
} from "./outbox.js";

/** Keeps mutations for as long as the page lives, where the browser keeps nothing for longer. */
export function memoryOutbox(): OutboxStorage {
  const clientId = randomId();
  let pending: PendingMutation[] = [];
  let failed: FailedMutation[] = [];
  let clock = "";
  let sentTime = "";
  let sequence = 0;
  return {
    isDurable: false,
    read: async () => ({ clientId, pending, failed, sentTime }),
    add: async (draft, nowMs) => {
      checkSize(draft);
      checkRoom(pending.length);
      clock = nextClock(clientId, nowMs, [clock, draft.baseClock]);
      const mutation = structuredClone({ ...draft, clock });
      sequence += 1;
      pending = [...pending, { sequence, mutation, createTime: new Date(nowMs).toISOString() }];
      return mutation;
    },
    settle: async (settlement) => {
      const gone = new Set(settlement.ids);
      pending = pending.filter(({ mutation }) => !gone.has(mutation.id));
      failed = newest([...failed, ...settlement.failed]);
      clock = clock > settlement.clock ? clock : settlement.clock;
      sentTime = settlement.time;
    },
    remove: async (ids) => {
      const gone = new Set(ids);
      pending = pending.filter(({ mutation }) => !gone.has(mutation.id));
      failed = failed.filter(({ mutation }) => !gone.has(mutation.id));
    },
    close: () => undefined,
  };
}
