import type { Schemas } from "../types.js";

export type MutationOperation = "INSERT" | "UPDATE" | "DELETE";

/** A change that was made here, as it is sent. */
export interface Mutation {
  /** Unique: the server applies it once, however often it is sent. */
  readonly id: string;
  /** `tasks`, `environments`, `preferences` or `agent_sessions`. */
  readonly table: string;
  readonly operation: MutationOperation;
  readonly recordId: string;
  /** The fields that it sets, by their names in REST; none for a deletion. */
  readonly value?: Readonly<Record<string, unknown>>;
  readonly clock: string;
  readonly baseClock: string;
  readonly userId: string;
}

/** What a mutation is before it gets its clock. */
export type MutationDraft = Omit<Mutation, "clock">;

/** A mutation that waits, in the order in which all tabs made them. */
export interface PendingMutation {
  readonly sequence: number;
  readonly mutation: Mutation;
  readonly createTime: string;
}

/** A mutation that did not come through, with the reason, until somebody sees to it. */
export interface FailedMutation {
  readonly mutation: Mutation;
  /** `REFUSED`: the server would not take it at all. `REJECTED`: it is among the dead letters. */
  readonly outcome: "REFUSED" | "REJECTED" | "CONFLICT" | "SUPERSEDED";
  readonly reason: string;
  readonly conflictId: string;
  readonly deadLetterId: string;
  readonly time: string;
}

/** The answer to one mutation. */
export type MutationResult = Schemas["MutationResult"];

/** All that is kept. */
export interface Outbox {
  /** The browser's name, which stays for as long as what it keeps does. */
  readonly clientId: string;
  readonly pending: readonly PendingMutation[];
  readonly failed: readonly FailedMutation[];
  /** When something was sent last; empty if nothing was. */
  readonly sentTime: string;
}

/** What becomes of mutations that were sent. */
export interface Settlement {
  readonly ids: readonly string[];
  readonly failed: readonly FailedMutation[];
  /** The server's clock; the browser's own goes on from the later of both. */
  readonly clock: string;
  readonly time: string;
}

/** How many mutations may wait. */
export const PENDING_MAX = 2_000;
/** How large one mutation may be, as JSON: what a task with its messages may have. */
export const MUTATION_CHARACTERS_MAX = 10_000_000;
/** How many that failed are remembered; the oldest go first. */
export const FAILED_MAX = 200;

/** Nothing more can be kept. */
export class OutboxFullError extends Error {
  override readonly name = "OutboxFullError";
}

/** Where mutations wait. Each method is done as a whole, whatever other tabs do. */
export interface OutboxStorage {
  /** Whether what waits outlives the page. */
  readonly isDurable: boolean;
  read(): Promise<Outbox>;
  /** Gives a mutation the next clock and keeps it. Throws `OutboxFullError` if there is no room. */
  add(draft: MutationDraft, nowMs: number): Promise<Mutation>;
  settle(settlement: Settlement): Promise<void>;
  /** Forgets mutations, those that wait and those that failed. */
  remove(ids: readonly string[]): Promise<void>;
  close(): void;
}

/** Refuses what is too large to be kept. */
export function checkSize(draft: MutationDraft): void {
  const characters = JSON.stringify(draft.value ?? null).length;
  if (characters > MUTATION_CHARACTERS_MAX) {
    throw new OutboxFullError(
      `A change may have ${MUTATION_CHARACTERS_MAX.toLocaleString("en")} characters, and this one has ` +
        `${characters.toLocaleString("en")}.`,
    );
  }
}

/** Refuses what would be one too many. */
export function checkRoom(count: number): void {
  if (count >= PENDING_MAX) {
    throw new OutboxFullError(
      `${PENDING_MAX.toLocaleString("en")} changes wait to be sent already: there is no room for another one.`,
    );
  }
}

/** What is remembered of failures when others come to them. */
export function newest(failed: readonly FailedMutation[]): FailedMutation[] {
  return [...failed].sort((one, other) => (one.time < other.time ? 1 : -1)).slice(0, FAILED_MAX);
}
