import { nextClock } from "./clock.js";
import { answered, BY_ID, committed, FAILED, META, PENDING } from "./database.js";
import { randomId } from "./ids.js";
import {
  checkRoom,
  checkSize,
  FAILED_MAX,
  type FailedMutation,
  type Mutation,
  type MutationDraft,
  newest,
  type Outbox,
  type OutboxStorage,
  type PendingMutation,
  type Settlement,
} from "./outbox.js";

const CLIENT_ID = "clientId";
const CLOCK = "clock";
const SENT_TIME = "sentTime";

/**
 * Keeps mutations in IndexedDB, which all tabs of the browser share.
 *
 * The clock and the place in the order come from the transaction that keeps a mutation: those are one after another
 * across tabs, and so are their clocks.
 */
export class BrowserOutbox implements OutboxStorage {
  readonly isDurable = true;
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async read(): Promise<Outbox> {
    const clientId = (await this.#meta(CLIENT_ID)) ?? (await this.#nameOnce());
    const transaction = this.#database.transaction([PENDING, FAILED, META], "readonly");
    const [pending, failed, sentTime] = await Promise.all([
      answered<PendingMutation[]>(transaction.objectStore(PENDING).getAll()),
      answered<FailedMutation[]>(transaction.objectStore(FAILED).getAll()),
      answered<string | undefined>(transaction.objectStore(META).get(SENT_TIME)),
    ]);
    return { clientId, pending, failed: newest(failed), sentTime: sentTime ?? "" };
  }

  async add(draft: MutationDraft, nowMs: number): Promise<Mutation> {
    checkSize(draft);
    const clientId = (await this.#meta(CLIENT_ID)) ?? (await this.#nameOnce());
    const transaction = this.#database.transaction([PENDING, META], "readwrite", { durability: "strict" });
    const pending = transaction.objectStore(PENDING);
    const meta = transaction.objectStore(META);
    const done = committed(transaction);
    const [count, last] = await Promise.all([
      answered(pending.count()),
      answered<string | undefined>(meta.get(CLOCK)),
    ]);
    checkRoom(count);
    const clock = nextClock(clientId, nowMs, [last ?? "", draft.baseClock]);
    const mutation = { ...draft, clock };
    meta.put(clock, CLOCK);
    pending.add({ mutation, createTime: new Date(nowMs).toISOString() });
    await done;
    return mutation;
  }

  async settle({ ids, failed, clock, time }: Settlement): Promise<void> {
    const transaction = this.#database.transaction([PENDING, FAILED, META], "readwrite");
    const done = committed(transaction);
    const meta = transaction.objectStore(META);
    const last = await answered<string | undefined>(meta.get(CLOCK));
    if (last === undefined || clock > last) meta.put(clock, CLOCK);
    meta.put(time, SENT_TIME);
    await removeFrom(transaction.objectStore(PENDING), ids);
    const store = transaction.objectStore(FAILED);
    for (const each of failed) store.put(each);
    if (failed.length > 0) {
      const all = newest(await answered<FailedMutation[]>(store.getAll()));
      const kept = new Set(all.map(({ mutation }) => mutation.id));
      const keys = await answered(store.getAllKeys());
      if (keys.length > FAILED_MAX) for (const key of keys) if (!kept.has(String(key))) store.delete(key);
    }
    await done;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const transaction = this.#database.transaction([PENDING, FAILED], "readwrite");
    const done = committed(transaction);
    await removeFrom(transaction.objectStore(PENDING), ids);
    for (const id of ids) transaction.objectStore(FAILED).delete(id);
    await done;
  }

  close(): void {
    this.#database.close();
  }

  #meta(name: string): Promise<string | undefined> {
    return answered<string | undefined>(
      this.#database.transaction(META, "readonly").objectStore(META).get(name),
    );
  }

  /** Names the browser, unless another tab is doing so. */
  async #nameOnce(): Promise<string> {
    const transaction = this.#database.transaction(META, "readwrite");
    const done = committed(transaction);
    const store = transaction.objectStore(META);
    const found = await answered<string | undefined>(store.get(CLIENT_ID));
    const clientId = found ?? randomId();
    if (found === undefined) store.put(clientId, CLIENT_ID);
    await done;
    return clientId;
  }
}

async function removeFrom(store: IDBObjectStore, ids: readonly string[]): Promise<void> {
  const index = store.index(BY_ID);
  const keys = await Promise.all(ids.map((id) => answered(index.getKey(id))));
  for (const key of keys) if (key !== undefined) store.delete(key);
}
