import type { TaskRow } from "@timeloom/client/collections";

export type Status = Exclude<TaskRow["status"], "UNSPECIFIED">;
export type Priority = Exclude<TaskRow["priority"], "UNSPECIFIED">;
export type Mode = Exclude<TaskRow["mode"], "UNSPECIFIED">;

/** The columns of the board, from what is to be done to what is over. */
export const STATUSES: readonly Status[] = ["PENDING", "IN_PROGRESS", "PAUSED", "COMPLETED", "CANCELLED"];
/** The most urgent first. */
export const PRIORITIES: readonly Priority[] = ["HIGH", "MEDIUM", "LOW"];
export const MODES: readonly Mode[] = ["CODE", "ASK"];
