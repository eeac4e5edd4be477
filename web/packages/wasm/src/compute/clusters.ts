import type { Pace } from "../calls/pace.js";
import { checkWhole } from "../errors.js";
import { DIMENSIONS_MAX } from "../search/limits.js";
import { CLUSTERED_MAX, CLUSTERS_MAX } from "./limits.js";
import { type Matrix, matrixOf, squaredDistance } from "./matrix.js";
import { createRandom, type Random } from "./random.js";

const ITERATIONS_MAX = 50;

export interface ClusterOptions {
  readonly dimensions: number;
  /** How many clusters; about the root of half the vectors, at most 12, if left out. */
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
}

/** Which vectors belong together. */
export interface Clusters {
  /** The cluster of each vector; 0 is the greatest cluster. */
  readonly labels: Uint16Array;
  /** The mean of each cluster. */
  readonly centers: Float32Array;
  readonly sizes: Uint32Array;
}

/** Splits vectors, or points of a map, into clusters around means (k-means from well-spread seeds). */
export async function clustered(
  vectors: Float32Array,
  options: ClusterOptions,
  pace: Pace,
): Promise<Clusters> {
  const { dimensions, seed = 1 } = options;
  checkWhole("dimensions", dimensions, { min: 1, max: DIMENSIONS_MAX });
  const matrix = matrixOf(vectors, dimensions, CLUSTERED_MAX);
  const usual = Math.max(1, Math.min(12, Math.round(Math.sqrt(matrix.rows / 2))));
  const { count = usual } = options;
  checkWhole("count", count, { min: 1, max: CLUSTERS_MAX });
  const centers = await spreadSeeds(matrix, Math.min(count, matrix.rows), createRandom(seed), pace);
  const labels = new Uint16Array(matrix.rows).fill(0xffff); // of none yet
  for (let iteration = 0; iteration < ITERATIONS_MAX; iteration++) {
    const moved = await assign(matrix, centers, labels, pace);
    if (moved === 0) break;
    recenter(matrix, centers, labels);
  }
  return bySize(matrix, centers, labels);
}

/** Picks rows as first centres, each with a chance that grows with the distance from those picked before. */
async function spreadSeeds(
  matrix: Matrix,
  count: number,
  random: Random,
  pace: Pace,
): Promise<Float32Array[]> {
  const { rows, columns, values } = matrix;
  const centers: Float32Array[] = [];
  const nearest = new Float64Array(rows).fill(1);
  while (centers.length < count) {
    const total = nearest.reduce((sum, distance) => sum + distance, 0);
    let rest = random() * total;
    let row = nearest.findIndex((distance) => {
      rest -= distance;
      return rest < 0;
    });
    if (row < 0) row = centers.length; // all rows are picked already, or like one that is
    const center = values.slice(row * columns, (row + 1) * columns);
    for (let other = 0; other < rows; other++) {
      const distance = squaredDistance(values, other * columns, center, 0, columns);
      nearest[other] = centers.length === 0 ? distance : Math.min(nearest[other] as number, distance);
      if (other % 1024 === 0) await pace.rest();
    }
    centers.push(center);
  }
  return centers;
}

/** Gives each row to its nearest centre, and tells how many changed. */
async function assign(
  matrix: Matrix,
  centers: Float32Array[],
  labels: Uint16Array,
  pace: Pace,
): Promise<number> {
  const { rows, columns, values } = matrix;
  let moved = 0;
  for (let row = 0; row < rows; row++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < centers.length; k++) {
      const distance = squaredDistance(values, row * columns, centers[k] as Float32Array, 0, columns);
      if (distance < least) {
        least = distance;
        best = k;
      }
    }
    if (labels[row] !== best) moved++;
    labels[row] = best;
    if (row % 256 === 0) await pace.rest();
  }
  return moved;
}

/** Moves each centre to the mean of its rows; one without rows stays. */
function recenter({ rows, columns, values }: Matrix, centers: Float32Array[], labels: Uint16Array): void {
  const sums = centers.map(() => new Float64Array(columns));
  const counts = new Uint32Array(centers.length);
  for (let row = 0; row < rows; row++) {
    const label = labels[row] as number;
    const sum = sums[label] as Float64Array;
    counts[label] = (counts[label] as number) + 1;
    for (let j = 0; j < columns; j++) sum[j] = (sum[j] as number) + (values[row * columns + j] as number);
  }
  sums.forEach((sum, k) => {
    const count = counts[k] as number;
    if (count > 0) centers[k]?.set(sum.map((each) => each / count));
  });
}

/** Numbers the clusters by their sizes; those without rows are left out. */
function bySize(matrix: Matrix, centers: Float32Array[], labels: Uint16Array): Clusters {
  const counts = new Uint32Array(centers.length);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const order = [...counts.keys()]
    .filter((k) => (counts[k] as number) > 0)
    .sort((left, right) => (counts[right] as number) - (counts[left] as number) || left - right);
  const numbers = new Uint16Array(centers.length);
  order.forEach((k, number) => {
    numbers[k] = number;
  });
  const joined = new Float32Array(order.length * matrix.columns);
  order.forEach((k, number) => {
    joined.set(centers[k] as Float32Array, number * matrix.columns);
  });
  return {
    labels: labels.map((label) => numbers[label] as number),
    centers: joined,
    sizes: Uint32Array.from(order, (k) => counts[k] as number),
  };
}
