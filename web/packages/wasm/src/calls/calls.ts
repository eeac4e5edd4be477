import { LocalError, type LocalErrorCode } from "../errors.js";

/** What can be called: functions of one argument. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of any function, as in the types of TypeScript itself
export type Calls = { [name: string]: (argument: any) => unknown };

/** What a call comes with besides its argument. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Tells the caller how far it got. */
  readonly progress: (value: number) => void;
}

export type Handlers<C extends Calls> = {
  [N in keyof C]: (
    argument: Parameters<C[N]>[0],
    context: CallContext,
  ) => Promise<Awaited<ReturnType<C[N]>>> | Awaited<ReturnType<C[N]>>;
};

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Buffers that are handed over rather than copied. */
  readonly transfer?: Transferable[] | undefined;
  readonly onProgress?: ((value: number) => void) | undefined;
}

/** Calls handlers, wherever they are. */
export interface Caller<C extends Calls> {
  call<N extends keyof C & string>(
    name: N,
    argument: Parameters<C[N]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<C[N]>>>;
  close(): void;
}

/** An answer whose buffers are handed over rather than copied. */
export class Transferred {
  constructor(
    readonly value: unknown,
    readonly buffers: Transferable[],
  ) {}
}

/** Marks an answer's buffers to be handed over. */
export function handOver<T>(value: T, buffers: Transferable[]): T {
  return new Transferred(value, buffers) as T;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: LocalErrorCode;
  readonly field: string;
}

export type Request =
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: "abort"; readonly id: number };

export type Answer =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly failure: Failure }
  | { readonly kind: "progress"; readonly id: number; readonly value: number };

/** Writes an error so that it can be sent. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LocalError) {
    return { name: error.name, message: error.message, code: error.code, field: error.field };
  }
  const name = error instanceof Error ? error.name : "Error";
  const message = error instanceof Error ? error.message : String(error);
  return { name, message, code: "FAILED", field: "" };
}

/** Makes the error again that was sent. */
export function errorOf(failure: Failure): Error {
  if (failure.name === "AbortError") return new DOMException(failure.message, "AbortError");
  const message = failure.name === "LocalError" ? failure.message : `${failure.name}: ${failure.message}`;
  return new LocalError(failure.code, message, { field: failure.field });
}

/** Calls handlers of this thread. */
export function callHere<C extends Calls>(handlers: Handlers<C>): Caller<C> {
  let isClosed = false;
  return {
    async call(name, argument, options = {}) {
      if (isClosed) throw closedError();
      options.signal?.throwIfAborted();
      const context: CallContext = {
        signal: options.signal ?? new AbortController().signal,
        progress: (value) => options.onProgress?.(value),
      };
      const value: unknown = await handlers[name](argument, context);
      return (value instanceof Transferred ? value.value : value) as never;
    },
    close() {
      isClosed = true;
    },
  };
}

export function closedError(): LocalError {
  return new LocalError("CLOSED", "This was closed before.");
}
