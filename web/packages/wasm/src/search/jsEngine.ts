import { Best } from "./best.js";
import { type Engine, type Found, isAllowed, type Metric, type Quest, strideOf } from "./engine.js";

/** Rows live in chunks, so that growing never copies what is there. */
const CHUNK_ROWS = 4096;

const UNIT_ROUNDOFF = 2 ** -24;

/** Below what 32 bits can tell from zero, per component. */
const UNDERFLOW = 2 ** -148;

/**
 * The engine for browsers without vectors in WebAssembly.
 *
 * JavaScript counts fastest in 64 bits. So it scans in these, keeps every row whose sum in 32 bits might be
 * among the best, by the bound on rounding errors, and counts those again in 32 bits, operation by operation.
 */
export class JsEngine implements Engine {
  readonly name = "js";
  size = 0;
  readonly #stride: number;
  readonly #isL2: boolean;
  readonly #chunks: Float32Array[] = [];
  #sums = new Float64Array(0);
  /** No row was ever longer. */
  #lengthMax = 0;
  #quest: Quest = { query: new Float32Array(0), count: 0, mask: undefined };

  constructor(dimensions: number, metric: Metric) {
    this.#stride = strideOf(dimensions);
    this.#isL2 = metric === "l2";
  }

  get memoryBytes(): number {
    return this.#chunks.length * CHUNK_ROWS * this.#stride * 4 + this.#sums.byteLength;
  }

  reserve(size: number): void {
    while (this.#chunks.length * CHUNK_ROWS < size) {
      this.#chunks.push(new Float32Array(CHUNK_ROWS * this.#stride));
    }
    const rows = this.#chunks.length * CHUNK_ROWS;
    if (this.#sums.length < rows) this.#sums = new Float64Array(rows);
  }

  write(place: number, row: Float32Array): void {
    const { chunk, at } = this.#row(place);
    chunk.set(row, at);
    this.size = Math.max(this.size, place + 1);
    let squares = 0;
    for (const component of row) squares += component * component;
    this.#lengthMax = Math.max(this.#lengthMax, Math.sqrt(squares));
  }

  move(from: number, to: number): void {
    const source = this.#row(from);
    const target = this.#row(to);
    target.chunk.set(source.chunk.subarray(source.at, source.at + this.#stride), target.at);
  }

  truncate(size: number): void {
    this.size = size;
    if (size === 0) this.#lengthMax = 0;
  }

  begin(quest: Quest): void {
    this.#quest = quest;
  }

  scan(from: number, to: number): void {
    const sumAll = this.#isL2 ? sumSquares : sumProducts;
    for (let start = from; start < to; ) {
      const first = start % CHUNK_ROWS;
      const end = Math.min(to, start - first + CHUNK_ROWS);
      const { chunk } = this.#row(start);
      sumAll(chunk, this.#quest.query, first, end - start, this.#sums.subarray(start, end));
      start = end;
    }
  }

  finish(): Found {
    const { count, mask, query } = this.#quest;
    const best = new Best(count);
    for (let place = 0; place < this.size; place++) {
      const sum = this.#sums[place] ?? 0;
      if (sum > best.border && isAllowed(mask, place)) best.offer(sum);
    }
    const least = this.#least(best.border);
    const sumOne = this.#isL2 ? squares32 : products32;
    const exact = new Best(count);
    const candidates: { place: number; score: number }[] = [];
    for (let place = 0; place < this.size; place++) {
      if ((this.#sums[place] ?? 0) < least || !isAllowed(mask, place)) continue;
      const { chunk, at } = this.#row(place);
      const score = sumOne(chunk, query, at);
      candidates.push({ place, score });
      if (score > exact.border) exact.offer(score);
    }
    const kept = candidates.filter(({ score }) => score >= exact.border);
    return {
      places: Uint32Array.from(kept, ({ place }) => place),
      scores: Float32Array.from(kept, ({ score }) => score),
    };
  }

  /** The least sum in 64 bits of a row whose sum in 32 bits may reach the best, if `border` is the last of them. */
  #least(border: number): number {
    if (border === Number.NEGATIVE_INFINITY) return border;
    // The roundings that a component goes through: of its difference and square, then of the sums it is part of.
    const relative = (this.#stride / 8 + 8) * UNIT_ROUNDOFF;
    const underflow = this.#stride * UNDERFLOW;
    if (this.#isL2) return border * ((1 + relative) / (1 - relative)) - underflow;
    let squares = 0;
    for (const component of this.#quest.query) squares += component * component;
    // By Cauchy and Schwarz the products add up to no more, whatever their signs.
    return border - 2 * relative * Math.sqrt(squares) * this.#lengthMax - underflow;
  }

  #row(place: number): { chunk: Float32Array; at: number } {
    const chunk = this.#chunks[Math.floor(place / CHUNK_ROWS)];
    if (!chunk) throw new RangeError(`There is no room for a row at ${place}`);
    return { chunk, at: (place % CHUNK_ROWS) * this.#stride };
  }
}

/** Sums of products, four parts at a time: processors add these side by side. */
function sumProducts(
  rows: Float32Array,
  query: Float32Array,
  first: number,
  count: number,
  sums: Float64Array,
): void {
  const stride = query.length;
  let at = first * stride;
  for (let row = 0; row < count; row++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = 0; j < stride; j += 4, at += 4) {
      a += (query[j] as number) * (rows[at] as number);
      b += (query[j + 1] as number) * (rows[at + 1] as number);
      c += (query[j + 2] as number) * (rows[at + 2] as number);
      d += (query[j + 3] as number) * (rows[at + 3] as number);
    }
    sums[row] = a + b + (c + d);
  }
}

/** Minus the sums of squared differences. */
function sumSquares(
  rows: Float32Array,
  query: Float32Array,
  first: number,
  count: number,
  sums: Float64Array,
): void {
  const stride = query.length;
  let at = first * stride;
  for (let row = 0; row < count; row++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = 0; j < stride; j += 4, at += 4) {
      const p = (query[j] as number) - (rows[at] as number);
      const q = (query[j + 1] as number) - (rows[at + 1] as number);
      const r = (query[j + 2] as number) - (rows[at + 2] as number);
      const s = (query[j + 3] as number) - (rows[at + 3] as number);
      a -= p * p;
      b -= q * q;
      c -= r * r;
      d -= s * s;
    }
    sums[row] = a + b + (c + d);
  }
}

const round = Math.fround;

/** What the kernel counts for a row, bit by bit. */
export function products32(rows: Float32Array, query: Float32Array, at: number): number {
  const parts = new Float32Array(8);
  for (let j = 0; j < query.length; j++) {
    const product = round((query[j] as number) * (rows[at + j] as number));
    parts[j & 7] = (parts[j & 7] as number) + product;
  }
  return together(parts);
}

/** What the kernel counts for a row by squared differences, bit by bit. */
export function squares32(rows: Float32Array, query: Float32Array, at: number): number {
  const parts = new Float32Array(8);
  for (let j = 0; j < query.length; j++) {
    const difference = round((query[j] as number) - (rows[at + j] as number));
    parts[j & 7] = (parts[j & 7] as number) - round(difference * difference);
  }
  return together(parts);
}

function together(parts: Float32Array): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = parts;
  return round(round(round(a + e) + round(b + f)) + round(round(c + g) + round(d + h)));
}
