import { LocalError } from "../errors.js";
import { KERNEL } from "../generated/kernel.js";
import { type Engine, type Found, isAllowed, type Metric, type Quest, strideOf } from "./engine.js";
import { INDEX_BYTES_MAX, NEAREST_MAX, VECTORS_MAX } from "./limits.js";

const PAGE_BYTES = 65_536;

/** Memory grows by so much at a time. */
const GROWTH_PAGES = 64;

/** Below this address nothing is put. */
const START = 1024;

interface Kernel {
  layout(
    query: number,
    scores: number,
    mask: number,
    heap: number,
    heapPlaces: number,
    rows: number,
    rowBytes: number,
  ): void;
  begin(metric: number, count: number, masked: boolean): void;
  scan(from: number, to: number): number;
  tied(): number;
}

interface Layout {
  readonly query: number;
  readonly heap: number;
  readonly heapPlaces: number;
  readonly mask: number;
  readonly scores: number;
  readonly rows: number;
}

/** The engine with the kernel in WebAssembly: its rows live in the kernel's memory and never leave it. */
export class SimdEngine implements Engine {
  readonly name = "simd";
  size = 0;
  readonly #dimensions: number;
  readonly #stride: number;
  readonly #metric: number;
  readonly #layout: Layout;
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: Kernel;
  #quest: Quest = { query: new Float32Array(0), count: 0, mask: undefined };
  #kept = 0;

  private constructor(dimensions: number, metric: Metric, module: WebAssembly.Module) {
    this.#dimensions = dimensions;
    this.#stride = strideOf(dimensions);
    this.#metric = metric === "l2" ? 1 : 0;
    this.#layout = layoutOf(this.#stride);
    this.#memory = new WebAssembly.Memory({
      initial: pagesOf(this.#layout.rows),
      maximum: pagesOf(this.#layout.rows + INDEX_BYTES_MAX) + GROWTH_PAGES,
    });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#kernel = instance.exports as unknown as Kernel;
    const { query, scores, mask, heap, heapPlaces, rows } = this.#layout;
    this.#kernel.layout(query, scores, mask, heap, heapPlaces, rows, this.#stride * 4);
  }

  static async create(dimensions: number, metric: Metric): Promise<SimdEngine> {
    const bytes = Uint8Array.from(atob(KERNEL), (character) => character.charCodeAt(0));
    return new SimdEngine(dimensions, metric, await WebAssembly.compile(bytes));
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  reserve(size: number): void {
    const missing = pagesOf(this.#layout.rows + size * this.#stride * 4) - pagesOf(this.memoryBytes);
    if (missing <= 0) return;
    try {
      this.#memory.grow(Math.ceil(missing / GROWTH_PAGES) * GROWTH_PAGES);
    } catch (error) {
      throw new LocalError("UNAVAILABLE", `The browser has no memory for ${size} vectors.`, { cause: error });
    }
  }

  write(place: number, row: Float32Array): void {
    // A view does not survive the growth of the memory, so each is made when it is used.
    new Float32Array(this.#memory.buffer, this.#rowAt(place), this.#dimensions).set(row);
    this.size = Math.max(this.size, place + 1);
  }

  move(from: number, to: number): void {
    const bytes = new Uint8Array(this.#memory.buffer);
    bytes.copyWithin(this.#rowAt(to), this.#rowAt(from), this.#rowAt(from + 1));
  }

  truncate(size: number): void {
    this.size = size;
  }

  begin(quest: Quest): void {
    this.#quest = quest;
    this.#kept = 0;
    new Float32Array(this.#memory.buffer, this.#layout.query, this.#stride).set(quest.query);
    if (quest.mask) new Uint8Array(this.#memory.buffer, this.#layout.mask).set(quest.mask);
    this.#kernel.begin(this.#metric, quest.count, quest.mask !== undefined);
  }

  scan(from: number, to: number): void {
    this.#kept = this.#kernel.scan(from, to);
  }

  finish(): Found {
    const buffer = this.#memory.buffer;
    const places = new Uint32Array(buffer, this.#layout.heapPlaces, this.#kept).slice();
    const scores = new Float32Array(buffer, this.#layout.heap, this.#kept).slice();
    return this.#kernel.tied() ? this.#withEquals({ places, scores }) : { places, scores };
  }

  /** Adds those that are as good as the last. */
  #withEquals(found: Found): Found {
    const border = found.scores[0] as number; // the first of the heap is the least
    const all = new Float32Array(this.#memory.buffer, this.#layout.scores, this.size);
    const places: number[] = [];
    for (let place = 0; place < this.size; place++) {
      if (all[place] === border && isAllowed(this.#quest.mask, place)) places.push(place);
    }
    const scores = places.map(() => border);
    found.scores.forEach((score, at) => {
      if (score === border) return;
      places.push(found.places[at] as number);
      scores.push(score);
    });
    return { places: Uint32Array.from(places), scores: Float32Array.from(scores) };
  }

  #rowAt(place: number): number {
    return this.#layout.rows + place * this.#stride * 4;
  }
}

function layoutOf(stride: number): Layout {
  let next = START;
  const take = (bytes: number) => {
    const at = next;
    next = Math.ceil((next + bytes) / 64) * 64;
    return at;
  };
  return {
    query: take(stride * 4),
    heap: take(NEAREST_MAX * 4),
    heapPlaces: take(NEAREST_MAX * 4),
    mask: take(Math.ceil(VECTORS_MAX / 8)),
    scores: take(VECTORS_MAX * 4),
    rows: take(0),
  };
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
