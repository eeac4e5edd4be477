/**
 * The protocol of the live stream without socket, clock or chance: what comes in changes the state, and says what
 * is to be done. `socket.ts` does it.
 */
import type { TimeloomError } from "../problem.js";
import type { LiveEvent } from "../types.js";
import {
  CLOSE_FORBIDDEN,
  CLOSE_UNAUTHENTICATED,
  type ClientMessage,
  errorIn,
  type LiveKind,
  POSITION_DROPPED,
  type ServerMessage,
} from "./protocol.js";

/** `closed` while nobody listens, `waiting` between two attempts to connect. */
export type LiveStatus = "closed" | "connecting" | "open" | "waiting";

/** After so many failures in a row, the wait between two attempts grows no more. */
export const ATTEMPT_MAX = 6;

interface Subscription {
  readonly topic: string;
  /** After which event it goes on; empty for what comes from now on. */
  readonly position: string;
  /** Whether something may have been missed when it begins: at first, and if its position was dropped. */
  readonly gap: boolean;
}

export interface LiveState {
  readonly status: LiveStatus;
  /** How many attempts to connect failed in a row. */
  readonly attempt: number;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}

export type Input =
  | { readonly type: "subscribe"; readonly id: string; readonly topic: string; readonly position?: string }
  | { readonly type: "unsubscribe"; readonly id: string }
  /** The socket is open. */
  | { readonly type: "opened"; readonly apiKey: string | undefined }
  | { readonly type: "received"; readonly message: ServerMessage }
  | { readonly type: "closed"; readonly code: number }
  /** The wait is over, or the network is back. */
  | { readonly type: "retry" }
  /** Nobody has listened for a while. */
  | { readonly type: "idle" };

export type Effect =
  | { readonly type: "connect" }
  | { readonly type: "disconnect" }
  | { readonly type: "send"; readonly message: ClientMessage }
  | { readonly type: "wait"; readonly attempt: number }
  | {
      readonly type: "event";
      readonly id: string;
      readonly kind: LiveKind;
      readonly event: LiveEvent;
      readonly position: string;
    }
  | { readonly type: "gap"; readonly id: string }
  | { readonly type: "refused"; readonly id: string; readonly error: TimeloomError };

export type Step = readonly [LiveState, readonly Effect[]];

export const INITIAL: LiveState = { status: "closed", attempt: 0, subscriptions: new Map() };

/** What becomes of a state, and what is to be done. */
export function advance(state: LiveState, input: Input): Step {
  switch (input.type) {
    case "subscribe":
      return subscribe(state, input.id, input.topic, input.position ?? "");
    case "unsubscribe":
      return unsubscribe(state, input.id);
    case "opened":
      return opened(state, input.apiKey);
    case "received":
      return received(state, input.message);
    case "closed":
      return closed(state, input.code);
    case "retry":
      return state.status === "waiting" ? connect(state) : [state, []];
    case "idle":
      return state.subscriptions.size === 0 ? [INITIAL, [{ type: "disconnect" }]] : [state, []];
  }
}

function subscribe(state: LiveState, id: string, topic: string, position: string): Step {
  const subscription = { topic, position, gap: position === "" };
  const next = withSubscription(state, id, subscription);
  if (state.status === "closed") return connect(next);
  return [next, state.status === "open" ? [subscribing(id, subscription)] : []];
}

function unsubscribe(state: LiveState, id: string): Step {
  if (!state.subscriptions.has(id)) return [state, []];
  const next = withSubscription(state, id, undefined);
  return [next, state.status === "open" ? [{ type: "send", message: { type: "unsubscribe", id } }] : []];
}

function connect(state: LiveState): Step {
  return [{ ...state, status: "connecting" }, [{ type: "connect" }]];
}

/** A handshake with a session's cookie is answered with `ready`; otherwise the key is the first message. */
function opened(state: LiveState, apiKey: string | undefined): Step {
  return [state, apiKey === undefined ? [] : [{ type: "send", message: { type: "authenticate", apiKey } }]];
}

function received(state: LiveState, message: ServerMessage): Step {
  switch (message.type) {
    case "ready": {
      const sends = [...state.subscriptions].map(([id, subscription]) => subscribing(id, subscription));
      return [{ ...state, status: "open", attempt: 0 }, sends];
    }
    case "subscribed":
      return subscribed(state, message.id, message.position);
    case "event":
      return happened(state, message);
    case "error":
      return message.id === undefined ? [state, []] : failed(state, message.id, errorIn(message.problem));
    default:
      return [state, []]; // an answer that nothing hangs on, or one of a newer gateway
  }
}

function subscribed(state: LiveState, id: string, position: string): Step {
  const subscription = state.subscriptions.get(id);
  if (subscription === undefined) return [state, []];
  const next = withSubscription(state, id, { ...subscription, position, gap: false });
  return [next, subscription.gap ? [{ type: "gap", id }] : []];
}

function happened(state: LiveState, message: ServerMessage & { type: "event" }): Step {
  const { id, kind, event, position } = message;
  const subscription = state.subscriptions.get(id);
  if (subscription === undefined) return [state, []]; // it was on its way when nobody wanted it any more
  const next = withSubscription(state, id, { ...subscription, position });
  return [next, [{ type: "event", id, kind, event, position }]];
}

function failed(state: LiveState, id: string, error: TimeloomError): Step {
  const subscription = state.subscriptions.get(id);
  if (subscription === undefined) return [state, []];
  if (error.code === POSITION_DROPPED) {
    const again = { ...subscription, position: "", gap: true };
    return [withSubscription(state, id, again), [subscribing(id, again)]];
  }
  return [withSubscription(state, id, undefined), [{ type: "refused", id, error }]];
}

function closed(state: LiveState, code: number): Step {
  if (state.subscriptions.size === 0) return [INITIAL, []];
  const isRefused = code === CLOSE_UNAUTHENTICATED || code === CLOSE_FORBIDDEN;
  const attempt = isRefused ? ATTEMPT_MAX : Math.min(state.attempt + 1, ATTEMPT_MAX);
  return [{ ...state, status: "waiting", attempt }, [{ type: "wait", attempt }]];
}

function subscribing(id: string, { topic, position }: Subscription): Effect {
  return { type: "send", message: { type: "subscribe", id, topic, ...(position && { position }) } };
}

function withSubscription(state: LiveState, id: string, subscription: Subscription | undefined): LiveState {
  const subscriptions = new Map(state.subscriptions);
  if (subscription === undefined) subscriptions.delete(id);
  else subscriptions.set(id, subscription);
  return { ...state, subscriptions };
}
