import { LocalError } from "../errors.js";
import {
  type Answer,
  type Caller,
  type Calls,
  closedError,
  errorOf,
  failureOf,
  type Handlers,
  type Request,
  Transferred,
} from "./calls.js";

/** How long a worker may take to say that it runs, before its work is done in the page instead. */
export const WORKER_START_MS_MAX = 15_000;

const READY = "ready";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((value: number) => void) | undefined;
}

/** In a worker: answers the calls of the page that started it. */
export function serve<C extends Calls>(handlers: Handlers<C>): void {
  const running = new Map<number, AbortController>();
  const send = (answer: Answer, transfer: Transferable[] = []) =>
    globalThis.postMessage(answer, { transfer });
  const run = async (id: number, name: string, argument: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[name];
      if (!handler) throw new LocalError("FAILED", `There is no call named ${name}.`);
      const value: unknown = await handler(argument, {
        signal: controller.signal,
        progress: (progress) => send({ kind: "progress", id, value: progress }),
      });
      if (value instanceof Transferred) send({ kind: "answer", id, value: value.value }, value.buffers);
      else send({ kind: "answer", id, value });
    } catch (error) {
      send({ kind: "failure", id, failure: failureOf(error) });
    } finally {
      running.delete(id);
    }
  };
  globalThis.addEventListener("message", (event: MessageEvent<Request>) => {
    const request = event.data;
    if (request.kind === "abort") running.get(request.id)?.abort();
    else void run(request.id, request.name, request.argument);
  });
  globalThis.postMessage(READY);
}

/**
 * Calls handlers that a worker serves, once it runs.
 *
 * @throws LocalError `UNAVAILABLE` if it does not start, as where the page's policy forbids it.
 */
export async function callWorker<C extends Calls>(start: () => Worker): Promise<Caller<C>> {
  const worker = await started(start);
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let end: LocalError | undefined;
  const finish = (error: LocalError) => {
    end ??= error;
    worker.terminate();
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  };
  worker.onerror = (event) => finish(new LocalError("FAILED", `The worker ended: ${event.message}`));
  worker.onmessage = (event: MessageEvent<Answer>) => settle(pending, event.data);
  return {
    call(name, argument, options = {}) {
      return new Promise((resolve, reject) => {
        const signal = options.signal;
        if (end || signal?.aborted) {
          reject(end ?? signal?.reason);
          return;
        }
        const id = nextId++;
        const onAbort = () => {
          pending.delete(id);
          worker.postMessage({ kind: "abort", id } satisfies Request);
          reject(signal?.reason);
        };
        const done = () => signal?.removeEventListener("abort", onAbort);
        pending.set(id, {
          resolve: (value) => {
            done();
            resolve(value);
          },
          reject: (error) => {
            done();
            reject(error);
          },
          onProgress: options.onProgress,
        });
        signal?.addEventListener("abort", onAbort, { once: true });
        worker.postMessage({ kind: "call", id, name, argument } satisfies Request, options.transfer ?? []);
      });
    },
    close: () => finish(closedError()),
  };
}

function settle(pending: Map<number, Pending>, answer: Answer): void {
  const call = pending.get(answer.id);
  if (!call) return; // aborted meanwhile
  if (answer.kind === "progress") {
    call.onProgress?.(answer.value);
    return;
  }
  pending.delete(answer.id);
  if (answer.kind === "failure") call.reject(errorOf(answer.failure));
  else call.resolve(answer.value as never);
}

function started(start: () => Worker): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = start();
    const fail = (problem: string) => {
      clearTimeout(timer);
      worker.terminate();
      reject(new LocalError("UNAVAILABLE", `A worker did not start: ${problem}`));
    };
    const timer = setTimeout(() => fail("it said nothing in time"), WORKER_START_MS_MAX);
    worker.onerror = (event) => fail(event.message || "its script could not be loaded");
    worker.onmessage = (event) => {
      if (event.data !== READY) return;
      clearTimeout(timer);
      resolve(worker);
    };
  });
}
