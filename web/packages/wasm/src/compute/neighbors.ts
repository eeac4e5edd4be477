import type { Pace } from "../calls/pace.js";
import type { Matrix } from "./matrix.js";

/** The nearest of each row, itself aside: `count` indexes and distances a row, the nearest first. */
export interface Neighbors {
  readonly count: number;
  readonly indexes: Uint32Array;
  readonly distances: Float32Array;
}

/** After so many columns a pair is looked at: it may be too far apart already. */
const LOOK_COLUMNS = 8;

/**
 * Finds the exact nearest rows of each row.
 *
 * It is fast where the first columns tell rows apart most, as principal coordinates do.
 */
export async function nearestRows(matrix: Matrix, wanted: number, pace: Pace): Promise<Neighbors> {
  const count = Math.min(wanted, matrix.rows - 1);
  const indexes = new Uint32Array(matrix.rows * count);
  const distances = new Float32Array(matrix.rows * count).fill(Number.POSITIVE_INFINITY);
  for (let row = 0; row < matrix.rows; row++) {
    compareWithLater(matrix, row, { count, indexes, distances });
    if (row % 16 === 0) await pace.rest();
  }
  return { count, indexes, distances: distances.map(Math.sqrt) };
}

/** Compares a row with all after it, each pair once, by squared distances. */
function compareWithLater({ rows, columns, values }: Matrix, row: number, found: Neighbors): void {
  const { count, distances } = found;
  const own = row * columns;
  const ownLast = (row + 1) * count - 1;
  for (let other = row + 1; other < rows; other++) {
    const border = Math.max(distances[ownLast] as number, distances[(other + 1) * count - 1] as number);
    const distance = distanceWithin(values, own, other * columns, columns, border);
    if (distance >= border) continue;
    insert(found, row, other, distance);
    insert(found, other, row, distance);
  }
}

/** The squared distance of two rows, or some number from the border on if it reaches that. */
function distanceWithin(
  values: Float32Array,
  own: number,
  other: number,
  columns: number,
  border: number,
): number {
  let sum = 0;
  for (let start = 0; start < columns && sum < border; start += LOOK_COLUMNS) {
    const end = Math.min(columns, start + LOOK_COLUMNS);
    for (let j = start; j < end; j++) {
      const difference = (values[own + j] as number) - (values[other + j] as number);
      sum += difference * difference;
    }
  }
  return sum;
}

function insert(
  { count, indexes, distances }: Neighbors,
  row: number,
  other: number,
  distance: number,
): void {
  const start = row * count;
  let at = start + count - 1;
  if (!(distance < (distances[at] as number))) return;
  for (; at > start && (distances[at - 1] as number) > distance; at--) {
    distances[at] = distances[at - 1] as number;
    indexes[at] = indexes[at - 1] as number;
  }
  distances[at] = distance;
  indexes[at] = other;
}
