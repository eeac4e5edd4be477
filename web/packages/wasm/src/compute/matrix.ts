import { invalid } from "../errors.js";
import { COMPONENT_MAX } from "../search/limits.js";

/** Rows of numbers, one after the other. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Takes vectors, one after the other, as a matrix. */
export function matrixOf(vectors: Float32Array, dimensions: number, rowsMax: number): Matrix {
  if (!(vectors instanceof Float32Array) || vectors.length % dimensions !== 0) {
    throw invalid("vectors", `must be a Float32Array of a whole number of rows of ${dimensions} components`);
  }
  const rows = vectors.length / dimensions;
  if (rows > rowsMax) throw invalid("vectors", `must have at most ${rowsMax} rows, not ${rows}`);
  const at = vectors.findIndex((component) => !(Math.abs(component) <= COMPONENT_MAX));
  if (at >= 0) {
    const field = `vectors[${Math.floor(at / dimensions)}]`;
    throw invalid(
      field,
      `must have components between -${COMPONENT_MAX} and ${COMPONENT_MAX}, not ${vectors[at]}`,
    );
  }
  return { rows, columns: dimensions, values: vectors };
}

/** The square of the distance of two rows. */
export function squaredDistance(
  left: Float32Array,
  at: number,
  right: Float32Array,
  to: number,
  count: number,
): number {
  let sum = 0;
  for (let j = 0; j < count; j++) {
    const difference = (left[at + j] as number) - (right[to + j] as number);
    sum += difference * difference;
  }
  return sum;
}
