import { type Collection, createTransaction } from "@tanstack/db";
import type { ElectricCollectionUtils } from "@tanstack/electric-db-collection";
import { randomId } from "../offline/ids.js";
import type { Mutation, MutationResult } from "../offline/outbox.js";
import type { OfflineQueue } from "../offline/queue.js";

/** How long a collection waits for its own write to come back from the server. */
export const AWAIT_MS_MAX = 20_000;

type Record_ = Record<string, unknown>;
export type AnyCollection = Collection<Record_, string, ElectricCollectionUtils>;

/** The server keeps a change among the dead letters, or leaves it to somebody to decide. */
export class MutationRefusedError extends Error {
  override readonly name = "MutationRefusedError";
  readonly result: MutationResult;

  constructor(result: MutationResult) {
    super(result.reason || "Somebody else changed the same meanwhile.");
    this.result = result;
  }
}

/**
 * Shows in collections what waits in the queue: what was made before this page was opened, and in other tabs.
 *
 * What this page writes itself is shown by the transaction that writes it.
 */
export class Mirror {
  readonly #queue: OfflineQueue;
  readonly #shown = new Set<string>();
  readonly #collections = new Map<string, AnyCollection>();
  readonly #stop: () => void;

  constructor(queue: OfflineQueue) {
    this.#queue = queue;
    this.#stop = queue.subscribe(() => this.#show());
  }

  /** Shows in a collection from now on what waits for its table. */
  attach(table: string, collection: AnyCollection): void {
    this.#collections.set(table, collection);
    this.#show();
  }

  /** Sends a change that this page shows already, and waits until it has come back. */
  async send(change: Parameters<OfflineQueue["add"]>[0], collection: AnyCollection): Promise<void> {
    const id = randomId();
    this.#shown.add(id);
    await this.#queue.add(change, id);
    const result = await this.#arrival(id, collection);
    if (result !== undefined && result.outcome !== "APPLIED") throw new MutationRefusedError(result);
  }

  close(): void {
    this.#stop();
  }

  #show(): void {
    for (const { mutation } of this.#queue.state.pending) {
      const collection = this.#collections.get(mutation.table);
      if (collection === undefined || collection.status !== "ready" || this.#shown.has(mutation.id)) continue;
      this.#shown.add(mutation.id);
      this.#showOne(mutation, collection);
    }
  }

  #showOne(mutation: Mutation, collection: AnyCollection): void {
    const transaction = createTransaction({
      autoCommit: false,
      mutationFn: async () => {
        await this.#arrival(mutation.id, collection);
      },
    });
    transaction.mutate(() => apply(mutation, collection));
    if (transaction.mutations.length > 0) transaction.commit().catch(() => undefined);
  }

  /** Waits for the answer, and then for the shape to bring what it did. */
  async #arrival(id: string, collection: AnyCollection): Promise<MutationResult | undefined> {
    const result = await this.#queue.answerTo(id);
    this.#shown.delete(id);
    if (result?.outcome === "APPLIED" && result.transactionId > 0) {
      // Late or not, the row is the server's by then.
      await collection.utils.awaitTxId(result.transactionId, AWAIT_MS_MAX).catch(() => undefined);
    }
    return result;
  }
}

function apply({ operation, recordId, value = {}, clock }: Mutation, collection: AnyCollection): void {
  const isThere = collection.has(recordId);
  if (operation === "DELETE") {
    if (isThere) collection.delete(recordId);
  } else if (isThere) {
    collection.update(recordId, (draft) => void Object.assign(draft, value));
  } else if (operation === "INSERT") {
    const time = new Date(Number.parseInt(clock, 10)).toISOString();
    collection.insert({ tags: [], createTime: time, updateTime: time, clock: "", ...value, id: recordId });
  }
}
