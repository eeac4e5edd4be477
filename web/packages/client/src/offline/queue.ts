import type { Timeloom } from "../client.js";
import { BrowserOutbox } from "./browser-outbox.js";
import { databaseName, openDatabase } from "./database.js";
import { randomId } from "./ids.js";
import { memoryOutbox } from "./memory-outbox.js";
import type {
  FailedMutation,
  Mutation,
  MutationDraft,
  MutationOperation,
  MutationResult,
  OutboxStorage,
  PendingMutation,
} from "./outbox.js";
import { Postman } from "./postman.js";

/** How the queue is: at rest, sending, waiting for another try, without a network, or stopped until somebody signs in. */
export type QueueStatus = "idle" | "sending" | "waiting" | "offline" | "stopped";

/** What a queue shows; a new object with every change. */
export interface QueueState {
  readonly status: QueueStatus;
  /** What waits, the oldest first. */
  readonly pending: readonly PendingMutation[];
  /** What cannot be applied, newest first. */
  readonly failed: readonly FailedMutation[];
  /** What met a change of somebody else and lost, or could lose, newest first. */
  readonly conflicts: readonly FailedMutation[];
  /** Why the last try failed; empty if it did not. */
  readonly error: string;
  /** When something was sent last; empty if nothing was. */
  readonly sentTime: string;
  /** Whether what waits outlives the page. */
  readonly isDurable: boolean;
}

export interface OfflineQueueOptions {
  readonly timeloom: Timeloom;
  /** What the queue belongs to, such as the project's id: each has its own. */
  readonly project: string;
  /** Who makes the changes, for policies that ask. */
  readonly userId?: string;
  /** Where mutations wait; the browser's database if left out, or memory where it has none. */
  readonly storage?: OutboxStorage;
}

/** A change to be made later. */
export interface Change {
  readonly table: string;
  readonly operation: MutationOperation;
  readonly recordId: string;
  readonly value?: Readonly<Record<string, unknown>> | undefined;
  /** The record's clock as the server last told it; empty if it had none. */
  readonly baseClock?: string | undefined;
}

const EMPTY: QueueState = {
  status: "idle",
  pending: [],
  failed: [],
  conflicts: [],
  error: "",
  sentTime: "",
  isDurable: true,
};

type Told = { readonly results: readonly MutationResult[] };

/** Opens the queue of a project, and begins to send what waits in it. */
export async function openOfflineQueue(options: OfflineQueueOptions): Promise<OfflineQueue> {
  const queue = new OfflineQueue(options, options.storage ?? (await browserStorage(options.project)));
  await queue.refresh();
  void queue.flush();
  return queue;
}

async function browserStorage(project: string): Promise<OutboxStorage> {
  const database = await openDatabase(project);
  return database === null ? memoryOutbox() : new BrowserOutbox(database);
}

/**
 * Changes that are kept until the server has them: durable, in order, each applied once, shared by all tabs.
 *
 * Whichever tab gets the lock sends; the others see what waits and what came of it.
 */
export class OfflineQueue {
  readonly #storage: OutboxStorage;
  readonly #userId: string;
  readonly #timeloom: Timeloom;
  readonly #postman: Postman;
  readonly #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<string, (result: MutationResult | undefined) => void>();
  readonly #ending = new AbortController();
  #state: QueueState = EMPTY;

  constructor({ timeloom, project, userId = "" }: OfflineQueueOptions, storage: OutboxStorage) {
    this.#storage = storage;
    this.#timeloom = timeloom;
    this.#userId = userId;
    this.#postman = new Postman({
      rest: timeloom.rest,
      storage,
      lock: databaseName(project),
      onStatus: (status, error) => this.#show({ status, error }),
      onSettled: (results) => this.#settled(results),
    });
    if (storage.isDurable && globalThis.BroadcastChannel !== undefined) {
      this.#channel = new BroadcastChannel(databaseName(project));
      this.#channel.onmessage = ({ data }: MessageEvent<Told>) => void this.#hear(data);
    }
    globalThis.addEventListener?.("online", () => void this.flush(), { signal: this.#ending.signal });
    globalThis.addEventListener?.("offline", () => void this.flush(), { signal: this.#ending.signal });
  }

  /** What there is to show. */
  get state(): QueueState {
    return this.#state;
  }

  /** Calls a function with every change, until the returned one is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Keeps a change, and sends it as soon as it can be sent. Throws `OutboxFullError` if there is no room. */
  async add(change: Change, id: string = randomId()): Promise<Mutation> {
    const mutation = await this.#storage.add(this.#draft(change, id), Date.now());
    await this.refresh();
    this.#tell([]);
    void this.flush();
    return mutation;
  }

  /** Waits for the answer to a mutation; undefined if it was discarded, or another tab did not tell. */
  answerTo(id: string): Promise<MutationResult | undefined> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      void this.refresh();
    });
  }

  /** Sends what waits, without waiting for the next try. */
  async flush(): Promise<void> {
    await this.#postman.deliver();
  }

  /** Tries a mutation again that failed, perhaps with another value. */
  async retry(id: string, value?: Readonly<Record<string, unknown>>): Promise<void> {
    const found = this.#state.failed.find(({ mutation }) => mutation.id === id);
    if (found === undefined) return;
    if (found.outcome === "REJECTED") {
      await this.#timeloom.rest.POST("/api/sync/dead-letters/{deadLetterId}:redrive", {
        params: { path: { deadLetterId: found.deadLetterId } },
        body: value === undefined ? {} : { value },
      });
      await this.discard([id]);
      return;
    }
    const { table, operation, recordId, baseClock } = found.mutation;
    await this.#storage.remove([id]);
    await this.add({ table, operation, recordId, baseClock, value: value ?? found.mutation.value });
  }

  /** Forgets mutations that wait, or that failed. What the server keeps of them stays there. */
  async discard(ids: readonly string[]): Promise<void> {
    await this.#storage.remove(ids);
    await this.refresh();
    this.#tell([]);
  }

  /** Reads again what is kept. */
  async refresh(): Promise<void> {
    const { pending, failed, sentTime } = await this.#storage.read();
    if (this.#ending.signal.aborted) return;
    this.#show({
      pending,
      failed: failed.filter(({ outcome }) => outcome === "REFUSED" || outcome === "REJECTED"),
      conflicts: failed.filter(({ outcome }) => outcome === "CONFLICT" || outcome === "SUPERSEDED"),
      sentTime,
      isDurable: this.#storage.isDurable,
    });
    const left = new Set(pending.map(({ mutation }) => mutation.id));
    for (const id of this.#waiting.keys()) if (!left.has(id)) this.#answer(id, undefined);
  }

  /** Lets go of everything; what waits stays where it is kept. */
  close(): void {
    this.#ending.abort();
    this.#postman.stop();
    this.#channel?.close();
    this.#storage.close();
    for (const id of this.#waiting.keys()) this.#answer(id, undefined);
  }

  #draft({ table, operation, recordId, value, baseClock }: Change, id: string): MutationDraft {
    const draft = { id, table, operation, recordId, baseClock: baseClock ?? "", userId: this.#userId };
    return value === undefined ? draft : { ...draft, value };
  }

  async #settled(results: readonly MutationResult[]): Promise<void> {
    for (const result of results) this.#answer(result.mutationId, result);
    await this.refresh();
    this.#tell(results);
  }

  async #hear({ results }: Told): Promise<void> {
    for (const result of results) this.#answer(result.mutationId, result);
    await this.refresh();
  }

  #answer(id: string, result: MutationResult | undefined): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }

  #tell(results: readonly MutationResult[]): void {
    this.#channel?.postMessage({ results } satisfies Told);
  }

  #show(change: Partial<QueueState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
