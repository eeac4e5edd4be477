import { problemError, type TimeloomError } from "../problem.js";
import type { LiveEvent } from "../types.js";

/** Which member of an event holds what happened, such as `snapshotsRecorded`. */
export type LiveKind = Exclude<keyof LiveEvent, "id" | "projectId" | "topic" | "createTime" | "traceparent">;

/** What the client says. */
export type ClientMessage =
  | { readonly type: "authenticate"; readonly apiKey: string }
  | { readonly type: "subscribe"; readonly id: string; readonly topic: string; readonly position?: string }
  | { readonly type: "unsubscribe"; readonly id: string }
  | { readonly type: "ping" };

/** What the gateway says. */
export type ServerMessage =
  | { readonly type: "ready" }
  | { readonly type: "subscribed"; readonly id: string; readonly position: string }
  | { readonly type: "unsubscribed"; readonly id: string }
  | {
      readonly type: "event";
      readonly id: string;
      readonly position: string;
      readonly kind: LiveKind;
      readonly event: LiveEvent;
    }
  | { readonly type: "pong" }
  | { readonly type: "error"; readonly id?: string; readonly problem: unknown };

/** A connection ended without a word. */
export const CLOSE_ABNORMAL = 1006;
/** Credentials are missing or no longer good. */
export const CLOSE_UNAUTHENTICATED = 4401;
/** The credentials are good, but not for this. */
export const CLOSE_FORBIDDEN = 4403;

/** The code of a position that is no longer kept. */
export const POSITION_DROPPED = "POSITION_DROPPED";

/** Reads a message of the gateway; undefined if it is none that this client knows. */
export function parseMessage(data: unknown): ServerMessage | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const found: unknown = JSON.parse(data);
    return typeof found === "object" && found !== null && "type" in found
      ? (found as ServerMessage)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The error that a message tells of. */
export function errorIn(problem: unknown): TimeloomError {
  return problemError(typeof problem === "object" && problem !== null ? problem : {});
}
