import type { Pace } from "../calls/pace.js";
import type { Matrix } from "./matrix.js";
import type { Random } from "./random.js";

/** How often the directions are made to turn toward the widest ones. */
const ITERATIONS = 4;

/**
 * The coordinates of rows along the directions in which they differ most, the widest first.
 *
 * Principal components by subspace iteration: random directions are multiplied by the covariance, which is never
 * written down, and made orthogonal again; the small problem that is left is solved by Jacobi rotations.
 */
export async function principalCoordinates(
  matrix: Matrix,
  wanted: number,
  { random, pace }: { random: Random; pace: Pace },
): Promise<Matrix> {
  const count = Math.min(wanted, matrix.columns);
  const centered = await centeredOf(matrix, pace);
  let directions: Float64Array = Float64Array.from({ length: count * matrix.columns }, () => random() - 0.5);
  orthonormalize(directions, count, matrix.columns);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const coordinates = await coordinatesOf(centered, directions, count, pace);
    directions = await turned(centered, coordinates, count, pace);
    orthonormalize(directions, count, matrix.columns);
  }
  const coordinates = await coordinatesOf(centered, directions, count, pace);
  return { rows: matrix.rows, columns: count, values: aligned(coordinates, matrix.rows, count) };
}

async function centeredOf(matrix: Matrix, pace: Pace): Promise<Matrix> {
  const { rows, columns, values } = matrix;
  const mean = new Float64Array(columns);
  const centered = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++)
      mean[j] = (mean[j] as number) + (values[row * columns + j] as number) / rows;
    if (row % 256 === 0) await pace.rest();
  }
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      centered[row * columns + j] = (values[row * columns + j] as number) - (mean[j] as number);
    }
    if (row % 256 === 0) await pace.rest();
  }
  return { rows, columns, values: centered };
}

/** The product of the rows and the directions: a row of coordinates for each row. */
async function coordinatesOf(
  { rows, columns, values }: Matrix,
  directions: Float64Array,
  count: number,
  pace: Pace,
): Promise<Float64Array> {
  const coordinates = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) {
      coordinates[row * count + k] = dot(values, row * columns, directions, k * columns, columns);
    }
    if (row % 64 === 0) await pace.rest();
  }
  return coordinates;
}

function dot(left: Float32Array, at: number, right: Float64Array, to: number, count: number): number {
  let even = 0;
  let odd = 0;
  let j = 0;
  for (; j + 1 < count; j += 2) {
    even += (left[at + j] as number) * (right[to + j] as number);
    odd += (left[at + j + 1] as number) * (right[to + j + 1] as number);
  }
  if (j < count) even += (left[at + j] as number) * (right[to + j] as number);
  return even + odd;
}

/** The product of the coordinates and the rows: the directions, multiplied by the covariance. */
async function turned(
  { rows, columns, values }: Matrix,
  coordinates: Float64Array,
  count: number,
  pace: Pace,
): Promise<Float64Array> {
  const directions = new Float64Array(count * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) {
      const weight = coordinates[row * count + k] as number;
      const to = k * columns;
      for (let j = 0; j < columns; j++) {
        directions[to + j] = (directions[to + j] as number) + weight * (values[row * columns + j] as number);
      }
    }
    if (row % 64 === 0) await pace.rest();
  }
  return directions;
}

/** Makes directions orthogonal and of length 1, one after the other; those that add nothing become zero. */
function orthonormalize(directions: Float64Array, count: number, columns: number): void {
  for (let k = 0; k < count; k++) {
    const own = directions.subarray(k * columns, (k + 1) * columns);
    const before = length(own);
    for (let other = 0; other < k; other++) {
      const base = directions.subarray(other * columns, (other + 1) * columns);
      let along = 0;
      for (let j = 0; j < columns; j++) along += (own[j] as number) * (base[j] as number);
      for (let j = 0; j < columns; j++) own[j] = (own[j] as number) - along * (base[j] as number);
    }
    const after = length(own);
    // What is left after a great loss is mere rounding.
    if (after <= before * 1e-9) own.fill(0);
    else for (let j = 0; j < columns; j++) own[j] = (own[j] as number) / after;
  }
}

function length(vector: Float64Array): number {
  let squares = 0;
  for (const component of vector) squares += component * component;
  return Math.sqrt(squares);
}

/** Turns coordinates within their space, so that the first varies most, then the second, and so on. */
function aligned(coordinates: Float64Array, rows: number, count: number): Float32Array {
  const covariance = Array.from({ length: count }, () => new Float64Array(count));
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      const line = covariance[i] as Float64Array;
      const weight = coordinates[row * count + i] as number;
      for (let j = 0; j < count; j++)
        line[j] = (line[j] as number) + weight * (coordinates[row * count + j] as number);
    }
  }
  const axes = eigenvectors(covariance);
  const result = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) {
      const axis = axes[k] as Float64Array;
      let sum = 0;
      for (let j = 0; j < count; j++) sum += (coordinates[row * count + j] as number) * (axis[j] as number);
      result[row * count + k] = sum;
    }
  }
  return result;
}

const SWEEPS_MAX = 30;

/** The eigenvectors of a symmetric matrix, that of the greatest eigenvalue first; each with a fixed sign. */
function eigenvectors(matrix: Float64Array[]): Float64Array[] {
  const size = matrix.length;
  const vectors = matrix.map((_, i) => Float64Array.from({ length: size }, (_, j) => Number(i === j)));
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let turned = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) turned = rotate(matrix, vectors, p, q) || turned;
    }
    if (!turned) break;
  }
  return vectors
    .map((vector, i) => ({ vector, value: matrix[i]?.[i] ?? 0 }))
    .sort((left, right) => right.value - left.value)
    .map(({ vector }) => withFixedSign(vector));
}

/** Makes the entry at p, q zero by a rotation; tells whether it was not. The rows of `vectors` turn along. */
function rotate(matrix: Float64Array[], vectors: Float64Array[], p: number, q: number): boolean {
  const lineP = matrix[p] as Float64Array;
  const lineQ = matrix[q] as Float64Array;
  const off = lineP[q] as number;
  const scale = Math.sqrt(Math.abs((lineP[p] as number) * (lineQ[q] as number)));
  if (Math.abs(off) <= scale * 1e-12 || off === 0) return false;
  const theta = ((lineQ[q] as number) - (lineP[p] as number)) / (2 * off);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (const line of matrix) turn(line, p, q, cosine, sine);
  turnLines(lineP, lineQ, cosine, sine);
  turnLines(vectors[p] as Float64Array, vectors[q] as Float64Array, cosine, sine);
  return true;
}

function turn(line: Float64Array, p: number, q: number, cosine: number, sine: number): void {
  const [left, right] = [line[p] as number, line[q] as number];
  line[p] = cosine * left - sine * right;
  line[q] = sine * left + cosine * right;
}

function turnLines(lineP: Float64Array, lineQ: Float64Array, cosine: number, sine: number): void {
  for (let j = 0; j < lineP.length; j++) {
    const [left, right] = [lineP[j] as number, lineQ[j] as number];
    lineP[j] = cosine * left - sine * right;
    lineQ[j] = sine * left + cosine * right;
  }
}

function withFixedSign(vector: Float64Array): Float64Array {
  const greatest = vector.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0);
  return greatest < 0 ? vector.map((each) => -each) : vector;
}
