import type { Rest } from "../rest.js";
import type { MutationResult, OutboxStorage } from "./outbox.js";
import type { QueueStatus } from "./queue.js";
import { BATCH_MAX, backoffMs, batchOf, failuresOf, send, verdictOf } from "./sending.js";

interface PostmanOptions {
  readonly rest: Rest;
  readonly storage: OutboxStorage;
  /** The name of the lock that only one tab holds while it sends. */
  readonly lock: string;
  readonly onStatus: (status: QueueStatus, error: string) => void;
  readonly onSettled: (results: readonly MutationResult[]) => Promise<void>;
}

/** Brings mutations to the server: one batch at a time, the oldest first, again and again until it has them. */
export class Postman {
  readonly #options: PostmanOptions;
  #delivering: Promise<void> | undefined;
  #isAskedAgain = false;
  #isStopped = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PostmanOptions) {
    this.#options = options;
  }

  /** Sends all that waits; returns when nothing waits any more, or when it has to be tried later. */
  async deliver(): Promise<void> {
    if (this.#delivering !== undefined) {
      this.#isAskedAgain = true;
      return this.#delivering;
    }
    clearTimeout(this.#timer);
    this.#delivering = this.#deliverWhileAsked();
    try {
      await this.#delivering;
    } finally {
      this.#delivering = undefined;
    }
  }

  /** Tries no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #deliverWhileAsked(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      if (this.#isStopped) return;
      if (globalThis.navigator?.onLine === false) {
        this.#options.onStatus("offline", "");
        return;
      }
      await this.#alone(() => this.#sendAll());
    } while (this.#isAskedAgain);
  }

  /** Nobody else sends meanwhile, in this tab or another. */
  async #alone(run: () => Promise<void>): Promise<void> {
    const locks: LockManager | null | undefined = globalThis.navigator?.locks;
    if (!locks) await run();
    else await locks.request(this.#options.lock, run);
  }

  async #sendAll(): Promise<void> {
    const { storage, rest, onStatus, onSettled } = this.#options;
    let countMax = BATCH_MAX;
    while (!this.#isStopped) {
      const { clientId, pending } = await storage.read();
      const batch = batchOf(pending, countMax);
      if (batch.length === 0) break;
      onStatus("sending", "");
      const ids = batch.map(({ id }) => id);
      const time = new Date().toISOString();
      try {
        const { results, clock } = await send(rest, clientId, batch);
        await storage.settle({ ids, failed: failuresOf(batch, results, time), clock, time });
        this.#tries = 0;
        await onSettled(results);
      } catch (error) {
        const verdict = verdictOf(error);
        const reason = error instanceof Error ? error.message : String(error);
        if (verdict !== "refused") {
          this.#putOff(verdict, error, reason);
          return;
        }
        // The batch is refused as a whole: halves of it show which mutation is to blame.
        if (batch.length > 1) {
          countMax = Math.ceil(batch.length / 2);
          continue;
        }
        const failed = batch.map((mutation) => ({
          mutation,
          outcome: "REFUSED" as const,
          reason,
          conflictId: "",
          deadLetterId: "",
          time,
        }));
        await storage.settle({ ids, failed, clock: "", time });
        countMax = BATCH_MAX;
        await onSettled([]);
      }
    }
    this.#options.onStatus("idle", "");
  }

  #putOff(verdict: "wait" | "stop", error: unknown, reason: string): void {
    if (this.#isStopped) return;
    if (verdict === "stop") {
      this.#options.onStatus("stopped", reason);
      return;
    }
    const delay = backoffMs(this.#tries, Math.random(), error);
    this.#tries += 1;
    this.#options.onStatus(globalThis.navigator?.onLine === false ? "offline" : "waiting", reason);
    this.#timer = setTimeout(() => void this.deliver(), delay);
  }
}
