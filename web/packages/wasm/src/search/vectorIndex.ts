import { type Caller, callHere } from "../calls/calls.js";
import { callWorker } from "../calls/worker.js";
import { checkWhole, invalid, LocalError } from "../errors.js";
import { checkedWithout, features, type WithoutOptions } from "../features.js";
import { Directory } from "./directory.js";
import type { Engine, Found, Metric } from "./engine.js";
import type { IndexSize, SearchCalls } from "./handlers.js";
import { DIMENSIONS_MAX, NEAREST_MAX, WAITING_MAX } from "./limits.js";
import { Timings } from "./timings.js";

export interface VectorIndexOptions extends WithoutOptions {
  /** How many components each vector has. */
  readonly dimensions: number;
  /** How nearness is counted; by the cosine if left out. */
  readonly metric?: Metric | undefined;
}

export interface SearchOptions {
  /** How many to find. */
  readonly k: number;
  /** Which may be found: a function of the id, or a bit for each place in the order of `ids()`, lowest first. */
  readonly filter?: Uint8Array | ((id: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One of the nearest. */
export interface Hit {
  readonly id: string;
  /** The cosine, the dot product, or minus the distance: more is nearer. */
  readonly score: number;
}

export interface IndexStats {
  readonly engine: Engine["name"];
  readonly thread: "worker" | "page";
  readonly dimensions: number;
  readonly metric: Metric;
  readonly size: number;
  readonly memoryBytes: number;
  readonly queries: number;
  /** How long the last search took, without its way to the worker and back. Undefined before the first. */
  readonly lastQueryMs: number | undefined;
  /** Of the last searches. */
  readonly p50QueryMs: number | undefined;
  readonly p95QueryMs: number | undefined;
}

/** Finds the exact nearest of many vectors. Calls take effect in the order in which they are made. */
export interface VectorIndex {
  readonly size: number;
  /** The ids in the order of their places. Removing changes places. */
  ids(): readonly string[];
  has(id: string): boolean;
  /**
   * Adds vectors, one after the other in one array, or puts them in the place of those with the same id.
   *
   * @param options.transfer hands the array over instead of copying it; it is empty afterwards.
   */
  add(
    ids: readonly string[],
    vectors: Float32Array,
    options?: { readonly transfer?: boolean },
  ): Promise<void>;
  /** Removes vectors and tells how many were there. */
  remove(ids: readonly string[]): Promise<number>;
  /** The nearest first; those of the same score in the order of their ids. */
  search(query: Float32Array, options: SearchOptions): Promise<Hit[]>;
  stats(): IndexStats;
  /** Frees the memory and ends the worker. */
  dispose(): void;
}

/** Makes an empty index: in a worker where there are workers, by vectors of 128 bits where there are these. */
export async function createVectorIndex(options: VectorIndexOptions): Promise<VectorIndex> {
  const { dimensions, metric = "cosine" } = options;
  checkWhole("dimensions", dimensions, { min: 1, max: DIMENSIONS_MAX });
  if (!["cosine", "dot", "l2"].includes(metric))
    throw invalid("metric", `is cosine, dot or l2, not ${metric}`);
  checkedWithout(options.without);
  const has = features(options);
  const { caller, thread } = await callerFor(has.workers);
  const { engine } = await caller.call("open", { dimensions, metric, simd: has.simd });
  return new CalledIndex({ caller, thread, engine, dimensions, metric });
}

async function callerFor(
  hasWorkers: boolean,
): Promise<{ caller: Caller<SearchCalls>; thread: IndexStats["thread"] }> {
  if (hasWorkers) {
    try {
      const caller = await callWorker<SearchCalls>(
        () => new Worker(new URL("./search.worker.js", import.meta.url), { type: "module" }),
      );
      return { caller, thread: "worker" };
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      // The page's policy forbids workers, or their script is not there: the page can do it too.
    }
  }
  const { searchHandlers } = await import("./handlers.js"); // most pages never need it
  return { caller: callHere(searchHandlers()), thread: "page" };
}

interface Parts {
  readonly caller: Caller<SearchCalls>;
  readonly thread: IndexStats["thread"];
  readonly engine: Engine["name"];
  readonly dimensions: number;
  readonly metric: Metric;
}

class CalledIndex implements VectorIndex {
  readonly #parts: Parts;
  readonly #directory = new Directory();
  readonly #timings = new Timings();
  #memoryBytes = 0;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#directory.size;
  }

  ids(): readonly string[] {
    return this.#directory.ids;
  }

  has(id: string): boolean {
    return this.#directory.has(id);
  }

  async add(
    ids: readonly string[],
    vectors: Float32Array,
    options: { readonly transfer?: boolean } = {},
  ): Promise<void> {
    const wanted = ids.length * this.#parts.dimensions;
    if (!(vectors instanceof Float32Array) || vectors.length !== wanted) {
      const dimensions = this.#parts.dimensions;
      throw invalid("vectors", `must be a Float32Array of ${ids.length} times ${dimensions} components`);
    }
    const taken = options.transfer ? vectors : vectors.slice();
    const names = [...ids];
    await this.#inTurn(async () => {
      const places = this.#directory.placesFor(names);
      const argument = { places, vectors: taken };
      this.#note(
        await this.#parts.caller.call("write", argument, { transfer: [taken.buffer as ArrayBuffer] }),
      );
      this.#directory.put(names, places);
    });
  }

  remove(ids: readonly string[]): Promise<number> {
    const names = [...ids];
    return this.#inTurn(async () => {
      const before = this.#directory.size;
      const moves = this.#directory.remove(names);
      const size = this.#directory.size;
      if (size < before) this.#note(await this.#parts.caller.call("remove", { moves, size }));
      return before - size;
    });
  }

  async search(query: Float32Array, { k, filter, signal }: SearchOptions): Promise<Hit[]> {
    checkWhole("k", k, { min: 1, max: NEAREST_MAX });
    if (!(query instanceof Float32Array) || query.length !== this.#parts.dimensions) {
      throw invalid("query", `must be a Float32Array of ${this.#parts.dimensions} components`);
    }
    const taken = query.slice();
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      const mask = filter && this.#mask(filter);
      const argument = { query: taken, count: k, mask };
      const found = await this.#parts.caller.call("search", argument, { signal });
      this.#timings.add(found.milliseconds);
      return this.#hits(found, k);
    });
  }

  stats(): IndexStats {
    const { caller: _, ...parts } = this.#parts;
    return {
      ...parts,
      size: this.size,
      memoryBytes: this.#memoryBytes,
      queries: this.#timings.count,
      lastQueryMs: this.#timings.last,
      p50QueryMs: this.#timings.percentile(0.5),
      p95QueryMs: this.#timings.percentile(0.95),
    };
  }

  dispose(): void {
    this.#parts.caller.close();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) {
      throw new LocalError("LIMIT_EXCEEDED", `${WAITING_MAX} calls wait already: await some of them first.`);
    }
    this.#waiting++;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined).finally(() => this.#waiting--);
    return turn;
  }

  #note({ memoryBytes }: IndexSize): void {
    this.#memoryBytes = memoryBytes;
  }

  #mask(filter: Uint8Array | ((id: string) => boolean)): Uint8Array {
    const bytes = Math.ceil(this.size / 8);
    if (typeof filter !== "function") {
      if (filter.length !== bytes) throw invalid("filter", `must have ${bytes} bytes, a bit for each vector`);
      return filter;
    }
    const mask = new Uint8Array(bytes);
    this.#directory.ids.forEach((id, place) => {
      if (filter(id)) mask[place >> 3] = (mask[place >> 3] as number) | (1 << (place & 7));
    });
    return mask;
  }

  #hits({ places, scores }: Found, k: number): Hit[] {
    const toScore = this.#parts.metric === "l2" ? (sum: number) => 0 - Math.sqrt(-sum) : (sum: number) => sum;
    const hits = Array.from(places, (place, at) => ({
      id: this.#directory.idAt(place),
      score: toScore(scores[at] as number),
    }));
    return hits.sort(byScoreThenId).slice(0, k);
  }
}

function byScoreThenId(left: Hit, right: Hit): number {
  if (left.score !== right.score) return right.score - left.score;
  return left.id < right.id ? -1 : Number(left.id > right.id);
}
