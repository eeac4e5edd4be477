import { TimeloomError } from "../problem.js";
import type { Rest } from "../rest.js";
import type { FailedMutation, Mutation, MutationResult, PendingMutation } from "./outbox.js";

/** How many mutations travel together. */
export const BATCH_MAX = 200;
/** How large the mutations that travel together are, as JSON; one alone may be larger. */
export const BATCH_CHARACTERS_MAX = 1_000_000;

/** The longest wait between two tries. */
export const BACKOFF_MS_MAX = 60_000;
const BACKOFF_MS = 1_000;

/** What the server said to some mutations. */
export interface Delivery {
  readonly results: readonly MutationResult[];
  readonly clock: string;
}

/** Sends mutations, in their order. */
export async function send(rest: Rest, clientId: string, mutations: readonly Mutation[]): Promise<Delivery> {
  const { data } = await rest.POST("/api/sync/mutations", { body: { clientId, mutations: [...mutations] } });
  if (data === undefined) throw new TypeError("The answer has no body.");
  return data;
}

/** The mutations that go next: as many of the first as may travel together. */
export function batchOf(pending: readonly PendingMutation[], countMax: number): Mutation[] {
  const batch: Mutation[] = [];
  let characters = 0;
  for (const { mutation } of pending.slice(0, countMax)) {
    characters += JSON.stringify(mutation).length;
    if (batch.length > 0 && characters > BATCH_CHARACTERS_MAX) break;
    batch.push(mutation);
  }
  return batch;
}

/** What a failed try asks for: to wait, to stop until somebody signs in, or to see which mutation is to blame. */
export type Verdict = "wait" | "stop" | "refused";

/** What to do after a failed try. */
export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof TimeloomError)) return "wait";
  if (error.status === 401 || error.status === 403) return "stop";
  return error.isRetriable || error.status >= 500 || error.status === 408 ? "wait" : "refused";
}

/** How long to wait before the next try: longer each time, never the same for two browsers. */
export function backoffMs(tries: number, random: number, error?: unknown): number {
  const asked = error instanceof TimeloomError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const grown = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(tries, 16));
  return Math.max(asked, grown * (0.5 + random / 2));
}

/** Those answers that somebody should see. */
export function failuresOf(
  batch: readonly Mutation[],
  results: readonly MutationResult[],
  time: string,
): FailedMutation[] {
  const byId = new Map(batch.map((each) => [each.id, each]));
  return results.flatMap(({ mutationId, outcome, reason, conflictId, deadLetterId }) => {
    const mutation = byId.get(mutationId);
    if (mutation === undefined || outcome === "APPLIED" || outcome === "UNSPECIFIED") return [];
    return [{ mutation, outcome, reason, conflictId, deadLetterId, time }];
  });
}
