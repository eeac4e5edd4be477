import type { Pace } from "../calls/pace.js";
import { type Matrix, squaredDistance } from "./matrix.js";

/** The nearest of each row, itself aside: `count` indexes and distances a row, the nearest first. */
export interface Neighbors {
  readonly count: number;
  readonly indexes: Uint32Array;
  readonly distances: Float32Array;
}

/** Finds the exact nearest rows of each row. */
export async function nearestRows(matrix: Matrix, wanted: number, pace: Pace): Promise<Neighbors> {
  const { rows, columns, values } = matrix;
  const count = Math.min(wanted, rows - 1);
  const indexes = new Uint32Array(rows * count);
  const distances = new Float32Array(rows * count).fill(Number.POSITIVE_INFINITY);
  const insert = (row: number, other: number, distance: number) => {
    const start = row * count;
    let at = start + count - 1;
    if (!(distance < (distances[at] as number))) return;
    for (; at > start && (distances[at - 1] as number) > distance; at--) {
      distances[at] = distances[at - 1] as number;
      indexes[at] = indexes[at - 1] as number;
    }
    distances[at] = distance;
    indexes[at] = other;
  };
  for (let row = 0; row < rows; row++) {
    for (let other = row + 1; other < rows; other++) {
      const distance = squaredDistance(values, row * columns, values, other * columns, columns);
      insert(row, other, distance);
      insert(other, row, distance);
    }
    if (row % 16 === 0) await pace.rest();
  }
  return { count, indexes, distances: distances.map(Math.sqrt) };
}
