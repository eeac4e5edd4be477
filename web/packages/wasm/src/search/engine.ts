/** How nearness is counted: all so that more is nearer. */
export type Metric = "cosine" | "dot" | "l2";

/** The number of components that are summed apart; rows are padded to a multiple of it. */
export const LANES = 8;

/** What is nearest: the best by score and, where the last place is shared by equals, all of these. */
export interface Found {
  readonly places: Uint32Array;
  /** The sums: of products, or minus those of squared differences. */
  readonly scores: Float32Array;
}

/** What a search is for. */
export interface Quest {
  /** One row, padded. */
  readonly query: Float32Array;
  readonly count: number;
  /** A bit for each place, from the lowest of the first byte on; all places if left out. */
  readonly mask: Uint8Array | undefined;
}

/**
 * Holds rows of numbers at places from 0 on and finds the nearest to a query.
 *
 * Engines give the same bits: a score is the sum of eight parts, the part i of the components j with
 * j mod 8 = i in rising order, added as ((0+4)+(1+5))+((2+6)+(3+7)), each operation rounded to 32 bits.
 */
export interface Engine {
  readonly name: "simd" | "js";
  readonly size: number;
  /** The memory that is held, used or not. */
  readonly memoryBytes: number;
  /** Makes room for so many rows. */
  reserve(size: number): void;
  /** Writes a row of as many components as there are dimensions, at a place that is there or the next. */
  write(place: number, row: Float32Array): void;
  /** Copies a row over another. */
  move(from: number, to: number): void;
  /** Forgets the rows from a place on. */
  truncate(size: number): void;
  begin(quest: Quest): void;
  /** Goes on with the search: `from` is a multiple of eight. */
  scan(from: number, to: number): void;
  finish(): Found;
}

/** How many components a row takes with its padding. */
export function strideOf(dimensions: number): number {
  return Math.ceil(dimensions / LANES) * LANES;
}

/** Tells whether a place may be found. */
export function isAllowed(mask: Uint8Array | undefined, place: number): boolean {
  return mask === undefined || (((mask[place >> 3] ?? 0) >> (place & 7)) & 1) === 1;
}
