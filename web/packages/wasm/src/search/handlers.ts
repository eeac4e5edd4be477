import { type CallContext, type Handlers, handOver } from "../calls/calls.js";
import { createPace } from "../calls/pace.js";
import { invalid, LocalError } from "../errors.js";
import { type Engine, type Found, type Metric, strideOf } from "./engine.js";
import { JsEngine } from "./jsEngine.js";
import { COMPONENT_MAX, INDEX_BYTES_MAX, LENGTH_MIN } from "./limits.js";
import { SimdEngine } from "./simdEngine.js";

/** So many components are looked at before a search looks whether it is to end. */
const SLICE_COMPONENTS = 4_000_000;

/** So many rows are written before other tasks may run. */
const ROWS_AT_ONCE = 256;

/** What an index asks of the thread that holds its vectors. */
export type SearchCalls = {
  open(argument: { dimensions: number; metric: Metric; simd: boolean }): { engine: Engine["name"] };
  write(argument: { places: Uint32Array; vectors: Float32Array }): IndexSize;
  remove(argument: { moves: Uint32Array; size: number }): IndexSize;
  search(argument: { query: Float32Array; count: number; mask: Uint8Array | undefined }): Search;
};

export interface IndexSize {
  readonly size: number;
  readonly memoryBytes: number;
}

export interface Search extends Found {
  readonly milliseconds: number;
}

/** Answers the calls of one index. */
export function searchHandlers(): Handlers<SearchCalls> {
  let rows: Rows | undefined;
  const opened = () => {
    if (!rows) throw new LocalError("FAILED", "The index was not opened.");
    return rows;
  };
  return {
    async open({ dimensions, metric, simd }) {
      const engine = (simd && (await simdEngine(dimensions, metric))) || new JsEngine(dimensions, metric);
      rows = new Rows(engine, dimensions, metric);
      return { engine: engine.name };
    },
    write: ({ places, vectors }) => opened().write(places, vectors),
    remove: ({ moves, size }) => opened().remove(moves, size),
    async search(argument, context) {
      const found = await opened().search(argument, context);
      return handOver(found, [found.places.buffer, found.scores.buffer] as ArrayBuffer[]);
    },
  };
}

/** The engine with the kernel; undefined where a policy forbids its code, or there is no room for its memory. */
function simdEngine(dimensions: number, metric: Metric): Promise<SimdEngine | undefined> {
  return SimdEngine.create(dimensions, metric).catch(() => undefined);
}

class Rows {
  readonly #engine: Engine;
  readonly #dimensions: number;
  readonly #metric: Metric;

  constructor(engine: Engine, dimensions: number, metric: Metric) {
    this.#engine = engine;
    this.#dimensions = dimensions;
    this.#metric = metric;
  }

  /** Looks at all vectors before it writes the first. */
  async write(places: Uint32Array, vectors: Float32Array): Promise<IndexSize> {
    const pace = createPace();
    const rows: Float32Array[] = [];
    for (let index = 0; index < places.length; index++) {
      rows.push(this.#prepared(`vectors[${index}]`, rowOf(vectors, index, this.#dimensions)));
      if (index % ROWS_AT_ONCE === 0) await pace.rest();
    }
    const size = places.reduce((most, place) => Math.max(most, place + 1), this.#engine.size);
    const bytes = size * strideOf(this.#dimensions) * 4;
    if (bytes > INDEX_BYTES_MAX) {
      throw new LocalError(
        "LIMIT_EXCEEDED",
        `An index holds ${INDEX_BYTES_MAX} bytes; this would take ${bytes}.`,
      );
    }
    this.#engine.reserve(size);
    for (const [index, row] of rows.entries()) {
      this.#engine.write(places[index] as number, row);
      if (index % ROWS_AT_ONCE === 0) await pace.rest();
    }
    return this.#size();
  }

  remove(moves: Uint32Array, size: number): IndexSize {
    for (let at = 0; at < moves.length; at += 2) {
      this.#engine.move(moves[at] as number, moves[at + 1] as number);
    }
    this.#engine.truncate(size);
    return this.#size();
  }

  async search(
    argument: { query: Float32Array; count: number; mask: Uint8Array | undefined },
    { signal }: CallContext,
  ): Promise<Search> {
    const query = new Float32Array(strideOf(this.#dimensions));
    query.set(this.#prepared("query", argument.query));
    const engine = this.#engine;
    const pace = createPace(signal);
    let milliseconds = 0;
    const timed = <T>(work: () => T): T => {
      const start = performance.now();
      const result = work();
      milliseconds += performance.now() - start;
      return result;
    };
    const slice = Math.ceil(SLICE_COMPONENTS / query.length / 8) * 8;
    timed(() => engine.begin({ query, count: argument.count, mask: argument.mask }));
    for (let from = 0; from < engine.size; from += slice) {
      await pace.rest();
      timed(() => engine.scan(from, Math.min(from + slice, engine.size)));
    }
    return { ...timed(() => engine.finish()), milliseconds };
  }

  /** Refuses what cannot be compared; gives a vector the length 1 where only its direction counts. */
  #prepared(field: string, vector: Float32Array): Float32Array {
    let squares = 0;
    for (let j = 0; j < vector.length; j++) {
      const component = vector[j] as number;
      if (!(Math.abs(component) <= COMPONENT_MAX)) {
        throw invalid(
          field,
          `must have components between -${COMPONENT_MAX} and ${COMPONENT_MAX}; that at ${j} is ${component}`,
        );
      }
      squares += component * component;
    }
    if (this.#metric !== "cosine") return vector;
    const length = Math.sqrt(squares);
    if (length < LENGTH_MIN)
      throw invalid(field, "has no direction: all its components are zero or close to it");
    return vector.map((component) => component / length);
  }

  #size(): IndexSize {
    return { size: this.#engine.size, memoryBytes: this.#engine.memoryBytes };
  }
}

function rowOf(vectors: Float32Array, index: number, dimensions: number): Float32Array {
  return vectors.subarray(index * dimensions, (index + 1) * dimensions);
}
