import type { Pace } from "../calls/pace.js";
import { checkWhole } from "../errors.js";
import { DIMENSIONS_MAX } from "../search/limits.js";
import { refine, scale } from "./layout.js";
import { EPOCHS_MAX, NEIGHBORS_MAX, PROJECTED_MAX } from "./limits.js";
import { type Matrix, matrixOf } from "./matrix.js";
import { nearestRows } from "./neighbors.js";
import { principalCoordinates } from "./principal.js";
import { createRandom } from "./random.js";

/** Neighbours are looked for along so many directions: those in which vectors differ most. */
const REDUCED_DIMENSIONS = 32;

/** Maps with fewer points are not refined. */
const REFINED_MIN = 4;

export interface ProjectOptions {
  readonly dimensions: number;
  /** The same seed makes the same map of the same vectors in the same browser; 1 if left out. */
  readonly seed?: number | undefined;
  /** How many neighbours of a vector shape the map: few show detail, many the whole; 15 if left out. */
  readonly neighbors?: number | undefined;
  /** How often the map is gone over; 0 leaves the principal components as they are; 200 if left out. */
  readonly epochs?: number | undefined;
}

/** A map of vectors: x and y of each, between -1 and 1. */
export interface Projection {
  readonly points: Float32Array;
}

/** Lays vectors out in the plane by their directions, so that those alike are near each other. */
export async function projected(
  vectors: Float32Array,
  options: ProjectOptions,
  { pace, progress }: { pace: Pace; progress: (part: number) => void },
): Promise<Projection> {
  const { dimensions, seed = 1, neighbors = 15, epochs = 200 } = options;
  checkWhole("dimensions", dimensions, { min: 1, max: DIMENSIONS_MAX });
  checkWhole("seed", seed, { min: -(2 ** 31), max: 2 ** 32 });
  checkWhole("neighbors", neighbors, { min: 2, max: NEIGHBORS_MAX });
  checkWhole("epochs", epochs, { min: 0, max: EPOCHS_MAX });
  const matrix = directionsOf(matrixOf(vectors, dimensions, PROJECTED_MAX));
  const random = createRandom(seed);
  const reduced = await principalCoordinates(matrix, REDUCED_DIMENSIONS, { random, pace });
  progress(0.2);
  const points = firstTwo(reduced);
  if (epochs > 0 && matrix.rows >= REFINED_MIN) {
    const nearest = await nearestRows(reduced, neighbors, pace);
    progress(0.4);
    const refinement = { epochs, random, pace, progress: (part: number) => progress(0.4 + 0.6 * part) };
    await refine(points, nearest, refinement);
  }
  scale(points, 2);
  progress(1);
  return { points };
}

/** Gives all vectors the length 1; zero stays zero. */
export function directionsOf({ rows, columns, values }: Matrix): Matrix {
  const directions = values.slice();
  for (let row = 0; row < rows; row++) {
    const own = directions.subarray(row * columns, (row + 1) * columns);
    let squares = 0;
    for (const component of own) squares += component * component;
    if (squares > 0) for (let j = 0; j < columns; j++) own[j] = (own[j] as number) / Math.sqrt(squares);
  }
  return { rows, columns, values: directions };
}

function firstTwo({ rows, columns, values }: Matrix): Float32Array {
  const points = new Float32Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    points[row * 2] = values[row * columns] ?? 0;
    points[row * 2 + 1] = columns > 1 ? (values[row * columns + 1] ?? 0) : 0;
  }
  return points;
}
