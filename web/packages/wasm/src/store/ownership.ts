import { errorOf, type Failure, failureOf } from "../calls/calls.js";
import { LocalError } from "../errors.js";
import type { Backend, PageQuest, Row, Usage } from "./backend.js";

/** How long a tab waits until a store is open, here or in another tab. */
const OPEN_MS_MAX = 15_000;

/** How long a tab waits for the one that has the store. */
const CALL_MS_MAX = 30_000;

type Method = Exclude<keyof Backend, "close">;

type Message =
  | { readonly kind: "hello" }
  | { readonly kind: "owner"; readonly owner: string }
  | {
      readonly kind: "call";
      readonly from: string;
      readonly id: number;
      readonly method: Method;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: "answer"; readonly to: string; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly to: string; readonly id: number; readonly failure: Failure };

interface Pending {
  readonly method: Method;
  readonly parameters: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A store that one tab has and all use.
 *
 * Files of the private file system open once. The tab that holds the lock opens them and answers the others over
 * a channel. When it is closed the browser gives the lock to the next, which opens the files and runs what is not
 * answered yet. A call may thus run twice; each leaves the same behind as if it ran once.
 */
export class OwnedBackend implements Backend {
  readonly #name: string;
  readonly #open: () => Promise<Backend>;
  readonly #self = crypto.randomUUID();
  readonly #channel: BroadcastChannel;
  readonly #pending = new Map<number, Pending>();
  readonly #closing = new AbortController();
  /** The backend, if it is this tab that has it. */
  #own: Backend | undefined;
  #owner: string | undefined;
  #nextId = 1;
  #released: Promise<unknown> = Promise.resolve();

  private constructor(name: string, open: () => Promise<Backend>) {
    this.#name = `timeloom-local:${name}`;
    this.#open = open;
    this.#channel = new BroadcastChannel(this.#name);
  }

  /** Resolves once this tab or another one has the store open. */
  static async open(name: string, open: () => Promise<Backend>): Promise<OwnedBackend> {
    const backend = new OwnedBackend(name, open);
    try {
      await backend.#start();
    } catch (error) {
      await backend.close();
      throw error;
    }
    return backend;
  }

  write(collection: string, rows: readonly Row[]): Promise<void> {
    return this.#call("write", [collection, rows]) as Promise<void>;
  }

  read(collection: string, key: string): Promise<Row | undefined> {
    return this.#call("read", [collection, key]) as Promise<Row | undefined>;
  }

  page(collection: string, quest: PageQuest): Promise<Row[]> {
    return this.#call("page", [collection, quest]) as Promise<Row[]>;
  }

  remove(collection: string, keys: readonly string[]): Promise<number> {
    return this.#call("remove", [collection, keys]) as Promise<number>;
  }

  clear(collection: string | undefined): Promise<void> {
    return this.#call("clear", [collection]) as Promise<void>;
  }

  outdated(version: number, limit: number): Promise<{ collection: string; row: Row }[]> {
    return this.#call("outdated", [version, limit]) as Promise<{ collection: string; row: Row }[]>;
  }

  usage(): Promise<Usage> {
    return this.#call("usage", []) as Promise<Usage>;
  }

  problems(): Promise<string[]> {
    return this.#call("problems", []) as Promise<string[]>;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#channel.close();
    for (const { reject } of this.#pending.values())
      reject(new LocalError("CLOSED", "The store was closed."));
    this.#pending.clear();
    await this.#released;
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new LocalError("UNAVAILABLE", "The tab that has the store does not answer."));
      }, OPEN_MS_MAX);
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#channel.onmessage = (event: MessageEvent<Message>) => this.#hear(event.data, settle);
      this.#released = this.#ownWhenFree(settle);
      this.#send({ kind: "hello" });
    });
  }

  /** Waits for the lock, opens the store and has it until it is closed. */
  async #ownWhenFree(settle: (error?: unknown) => void): Promise<void> {
    const signal = this.#closing.signal;
    try {
      await navigator.locks.request(this.#name, { signal }, async () => {
        const own = await this.#open();
        await this.#have(own, settle);
        await own.close();
      });
    } catch (error) {
      if (signal.aborted) return;
      settle(error);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    }
  }

  async #have(own: Backend, settle: () => void): Promise<void> {
    const signal = this.#closing.signal;
    if (signal.aborted) return;
    const end = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    this.#own = own;
    this.#owner = this.#self;
    this.#send({ kind: "owner", owner: this.#self });
    for (const [id, call] of [...this.#pending]) void this.#runOwn(id, call);
    settle();
    await end;
    this.#own = undefined;
  }

  #call(method: Method, parameters: readonly unknown[]): Promise<unknown> {
    if (this.#own) return run(this.#own, method, parameters);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new LocalError("FAILED", "The tab that has the store does not answer."));
      }, CALL_MS_MAX);
      const end = <V>(settle: (value: V) => void) => {
        return (value: V) => {
          clearTimeout(timer);
          this.#pending.delete(id);
          settle(value);
        };
      };
      this.#pending.set(id, { method, parameters, resolve: end(resolve), reject: end(reject) });
      this.#send({ kind: "call", from: this.#self, id, method, parameters });
    });
  }

  #hear(message: Message, settle: () => void): void {
    if (message.kind === "hello") {
      if (this.#own) this.#send({ kind: "owner", owner: this.#self });
    } else if (message.kind === "owner") {
      this.#follow(message.owner);
      settle();
    } else if (message.kind === "call") {
      if (this.#own) void this.#serve(this.#own, message);
    } else if (message.to === this.#self) {
      const call = this.#pending.get(message.id);
      if (message.kind === "answer") call?.resolve(message.value);
      else call?.reject(errorOf(message.failure));
    }
  }

  /** Asks a new owner again what the last one did not answer. */
  #follow(owner: string): void {
    if (owner === this.#owner) return;
    this.#owner = owner;
    for (const [id, { method, parameters }] of this.#pending) {
      this.#send({ kind: "call", from: this.#self, id, method, parameters });
    }
  }

  async #serve(
    own: Backend,
    { from: to, id, method, parameters }: Message & { kind: "call" },
  ): Promise<void> {
    try {
      this.#send({ kind: "answer", to, id, value: await run(own, method, parameters) });
    } catch (error) {
      this.#send({ kind: "failure", to, id, failure: failureOf(error) });
    }
  }

  async #runOwn(id: number, call: Pending): Promise<void> {
    if (!this.#own) return;
    this.#pending.delete(id);
    try {
      call.resolve(await run(this.#own, call.method, call.parameters));
    } catch (error) {
      call.reject(error);
    }
  }

  #send(message: Message): void {
    if (!this.#closing.signal.aborted) this.#channel.postMessage(message);
  }
}

function run(backend: Backend, method: Method, parameters: readonly unknown[]): Promise<unknown> {
  const call = backend[method] as (...all: readonly unknown[]) => Promise<unknown>;
  return call.apply(backend, parameters as unknown[]);
}
