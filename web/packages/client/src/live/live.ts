import type { TimeloomError } from "../problem.js";
import type { LiveEvent } from "../types.js";
import { advance, type Effect, INITIAL, type Input, type LiveState, type LiveStatus } from "./machine.js";
import { CLOSE_ABNORMAL, type LiveKind, parseMessage } from "./protocol.js";

/** The shortest and the longest wait before another attempt to connect; it doubles in between. */
export const WAIT_MS_MIN = 250;
export const WAIT_MS_MAX = 15_000;
/** How often the connection is tried, and how long an answer may take. */
export const PING_INTERVAL_MS = 25_000;
export const PONG_WITHIN_MS = 10_000;
/** How long the way in may take. */
export const CONNECT_WITHIN_MS = 15_000;
/** How long the connection stays when nobody listens any more: screens come and go. */
export const LINGER_MS = 5_000;

/** What of the standard `WebSocket` is used. */
export interface Socket {
  send(data: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/** Whoever listens to a topic. */
export interface LiveListener {
  /** Something was committed. */
  onEvent(event: LiveEvent, kind: LiveKind, position: string): void;
  /** Something may have been missed, at the beginning or because a break was too long: read anew what you show. */
  onGap?(): void;
  /** The topic is refused; nothing will come. */
  onRefused?(error: TimeloomError): void;
}

/** Events as they are committed, over one connection for all topics. */
export interface Live {
  readonly status: LiveStatus;
  /** Follows a topic such as `executions/*` or `events?kinds=LLM`, with all below it; the answer ends that. */
  subscribe(topic: string, listener: LiveListener, options?: { readonly position?: string }): () => void;
  /** Tells whenever the status changes; the answer ends that. */
  watch(onStatus: (status: LiveStatus) => void): () => void;
  /** Ends everything. A later `subscribe` begins anew. */
  close(): void;
}

export interface LiveOptions {
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** What opens sockets; the platform's `WebSocket` if left out. Node.js has one from version 22 on. */
  readonly connect?: ((url: string) => Socket) | undefined;
  /** From 0 to 1; for tests. */
  readonly random?: (() => number) | undefined;
}

interface Follower {
  readonly topic: string;
  readonly listeners: Set<LiveListener>;
  readonly shared: boolean;
}

/** Makes a live stream. It connects when somebody subscribes, and closes some time after nobody listens. */
export function createLive(options: LiveOptions): Live {
  return new LiveConnection(options);
}

class LiveConnection implements Live {
  readonly #options: LiveOptions;
  readonly #followers = new Map<string, Follower>();
  readonly #watchers = new Set<(status: LiveStatus) => void>();
  #state: LiveState = INITIAL;
  #socket: Socket | undefined;
  #nextId = 1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get status(): LiveStatus {
    return this.#state.status;
  }

  subscribe(topic: string, listener: LiveListener, { position = "" } = {}): () => void {
    const [id, follower] = this.#shared(topic, position) ?? this.#follow(topic, position);
    follower.listeners.add(listener);
    clearTimeout(this.#linger);
    return () => this.#leave(id, follower, listener);
  }

  watch(onStatus: (status: LiveStatus) => void): () => void {
    this.#watchers.add(onStatus);
    return () => this.#watchers.delete(onStatus);
  }

  close(): void {
    for (const id of this.#followers.keys()) this.#take({ type: "unsubscribe", id });
    this.#followers.clear();
    this.#take({ type: "idle" });
  }

  /** A topic that is followed from now on already has its one subscription. */
  #shared(topic: string, position: string): [string, Follower] | undefined {
    if (position !== "") return undefined;
    return [...this.#followers].find(([, follower]) => follower.shared && follower.topic === topic);
  }

  #follow(topic: string, position: string): [string, Follower] {
    const id = String(this.#nextId++);
    const follower = { topic, listeners: new Set<LiveListener>(), shared: position === "" };
    this.#followers.set(id, follower);
    // Whoever subscribes has to be there before anything can be told.
    queueMicrotask(() => {
      if (this.#followers.get(id) === follower) this.#take({ type: "subscribe", id, topic, position });
    });
    return [id, follower];
  }

  #leave(id: string, follower: Follower, listener: LiveListener): void {
    follower.listeners.delete(listener);
    if (follower.listeners.size > 0 || this.#followers.get(id) !== follower) return;
    this.#followers.delete(id);
    this.#take({ type: "unsubscribe", id });
    if (this.#followers.size > 0) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#take({ type: "idle" }), LINGER_MS);
  }

  #take(input: Input): void {
    const before = this.#state.status;
    const [state, effects] = advance(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    if (this.#state.status !== before) for (const watcher of this.#watchers) watcher(this.#state.status);
  }

  #do(effect: Effect): void {
    if (effect.type === "connect") this.#connect();
    else if (effect.type === "disconnect") this.#disconnect();
    else if (effect.type === "send") this.#socket?.send(JSON.stringify(effect.message));
    else if (effect.type === "wait") this.#wait(effect.attempt);
    else this.#pass(effect);
  }

  #pass(effect: Extract<Effect, { readonly id: string }>): void {
    const follower = this.#followers.get(effect.id);
    if (effect.type === "refused") this.#followers.delete(effect.id);
    for (const listener of [...(follower?.listeners ?? [])]) {
      if (effect.type === "event") listener.onEvent(effect.event, effect.kind, effect.position);
      else if (effect.type === "gap") listener.onGap?.();
      else listener.onRefused?.(effect.error);
    }
  }

  #connect(): void {
    this.#stopWaiting();
    const open = this.#options.connect ?? ((url: string) => new WebSocket(url) as unknown as Socket);
    const socket = open(`${this.#options.url.replace(/^http/, "ws")}/api/ws`);
    this.#socket = socket;
    this.#expectLife(CONNECT_WITHIN_MS, () => this.#giveUp());
    socket.onopen = () => this.#take({ type: "opened", apiKey: this.#options.apiKey });
    socket.onmessage = ({ data }) => {
      const message = parseMessage(data);
      this.#expectLife(PING_INTERVAL_MS, () => this.#askForLife());
      if (message !== undefined) this.#take({ type: "received", message });
    };
    socket.onerror = null; // a close follows
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #lost(code: number): void {
    clearTimeout(this.#ping);
    if (this.#socket === undefined) return;
    this.#release();
    this.#take({ type: "closed", code });
  }

  #disconnect(): void {
    this.#stopWaiting();
    clearTimeout(this.#ping);
    clearTimeout(this.#linger);
    this.#release()?.close();
  }

  /** Lets go of the socket, so that nothing of it is heard any more. */
  #release(): Socket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #askForLife(): void {
    this.#socket?.send(JSON.stringify({ type: "ping" }));
    this.#expectLife(PONG_WITHIN_MS, () => this.#giveUp());
  }

  /** Takes a silent connection for a broken one. */
  #giveUp(): void {
    this.#release()?.close();
    this.#take({ type: "closed", code: CLOSE_ABNORMAL });
  }

  #expectLife(withinMs: number, otherwise: () => void): void {
    clearTimeout(this.#ping);
    this.#ping = setTimeout(otherwise, withinMs);
  }

  /** Half of the wait is chance, so that a crowd does not come back at one moment. */
  #wait(attempt: number): void {
    const longest = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** attempt);
    const random = this.#options.random ?? Math.random;
    this.#retry = setTimeout(this.#again, longest * (0.5 + random() / 2));
    globalThis.addEventListener?.("online", this.#again);
  }

  readonly #again = (): void => this.#take({ type: "retry" });

  #stopWaiting(): void {
    clearTimeout(this.#retry);
    globalThis.removeEventListener?.("online", this.#again);
  }
}
