import { type Caller, type CallOptions, callHere, closedError } from "../calls/calls.js";
import { callWorker } from "../calls/worker.js";
import { LocalError } from "../errors.js";
import { checkedWithout, features, type WithoutOptions } from "../features.js";
import type { Changes } from "./changes.js";
import type { ClusterOptions, Clusters } from "./clusters.js";
import type { Operation } from "./delta.js";
import type { ComputeCalls, State } from "./handlers.js";
import type { Projection, ProjectOptions } from "./project.js";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

interface Followed extends Abortable {
  /** Told how far it got, from 0 to 1. */
  readonly onProgress?: ((part: number) => void) | undefined;
}

/** Counts what takes long in a worker, so that the page stays responsive. Arrays that are given are copied. */
export interface Compute {
  /** Exact percentiles by the nearest rank: `parts` are from 0 to 1. */
  percentiles(
    values: Float64Array,
    parts: readonly number[],
    options?: Abortable,
  ): Promise<(number | undefined)[]>;
  /** Lays vectors out in the plane. */
  project(vectors: Float32Array, options: ProjectOptions & Followed): Promise<Projection>;
  /** Splits vectors into clusters around means. */
  clusters(vectors: Float32Array, options: ClusterOptions & Abortable): Promise<Clusters>;
  /** The operations that turn one state into another. */
  diff(from: State, to: State, options?: Abortable): Promise<Operation[]>;
  /** What differs between two states, for people. */
  changes(from: State, to: State, options?: Abortable & { readonly limit?: number }): Promise<Changes>;
  /** Tells who counts, once that is known. */
  thread(): Promise<"worker" | "page">;
  /** Ends the worker. */
  dispose(): void;
}

/** Makes what counts. Its worker starts with the first call; without workers the page counts, in short stretches. */
export function createCompute(options: WithoutOptions = {}): Compute {
  checkedWithout(options.without);
  let starting: Promise<Started> | undefined;
  let isDisposed = false;
  const started = (): Promise<Started> => {
    if (isDisposed) return Promise.reject(closedError());
    starting ??= start(features(options).workers);
    return starting;
  };
  const call: Caller<ComputeCalls>["call"] = (name, argument, callOptions) =>
    started().then(({ caller }) => caller.call(name, argument, callOptions));
  return {
    percentiles: (values, parts, { signal } = {}) => call("percentiles", { values, parts }, { signal }),
    project: (vectors, { signal, onProgress, ...rest }) =>
      call("project", { vectors, options: rest }, { signal, onProgress } satisfies CallOptions),
    clusters: (vectors, { signal, ...rest }) => call("clusters", { vectors, options: rest }, { signal }),
    diff: (from, to, { signal } = {}) => call("diff", { from, to }, { signal }),
    changes: (from, to, { signal, limit } = {}) => call("changes", { from, to, limit }, { signal }),
    thread: async () => (await started()).thread,
    dispose() {
      isDisposed = true;
      void starting?.then(({ caller }) => caller.close());
    },
  };
}

interface Started {
  readonly caller: Caller<ComputeCalls>;
  readonly thread: "worker" | "page";
}

async function start(hasWorkers: boolean): Promise<Started> {
  if (hasWorkers) {
    try {
      const caller = await callWorker<ComputeCalls>(
        () => new Worker(new URL("./compute.worker.js", import.meta.url), { type: "module" }),
      );
      return { caller, thread: "worker" };
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      // The page's policy forbids workers, or their script is not there: the page can do it too.
    }
  }
  const { computeHandlers } = await import("./handlers.js"); // most pages never need it
  return { caller: callHere(computeHandlers()), thread: "page" };
}
