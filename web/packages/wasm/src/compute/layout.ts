import type { Pace } from "../calls/pace.js";
import type { Neighbors } from "./neighbors.js";
import type { Random } from "./random.js";

/** Pairs of rows that belong together, and how much, from 0 to 1. */
interface Graph {
  readonly heads: Uint32Array;
  readonly tails: Uint32Array;
  readonly weights: Float32Array;
}

/** How far a point moves at most along one axis in one step. */
const STEP_MAX = 4;

/** How many strangers push a point away for each friend that attracts it. */
const STRANGERS = 5;

/** The likeness of points at a distance d is 1 / (1 + STEEPNESS d²): about 1 up to a tenth. */
const STEEPNESS = 1.9;

/** The width of the layout as it begins. */
const START_WIDTH = 10;

/**
 * Moves points in the plane until those that are near in the space are near each other.
 *
 * The method of UMAP (McInnes, Healy, Melville 2018): a fuzzy graph of the nearest neighbours, laid out by
 * stochastic steps that attract the ends of an edge and push strangers away, on a curve that needs no powers.
 *
 * @param points two coordinates a row, which are moved.
 */
export async function refine(
  points: Float32Array,
  neighbors: Neighbors,
  of: { epochs: number; random: Random; pace: Pace; progress: (part: number) => void },
): Promise<void> {
  const graph = await graphOf(neighbors, points.length / 2, of.pace);
  scale(points, START_WIDTH);
  const greatest = graph.weights.reduce((most, weight) => Math.max(most, weight), 0);
  const due = graph.weights.map((weight) => greatest / weight);
  const next = due.slice();
  for (let epoch = 1; epoch <= of.epochs; epoch++) {
    const rate = 1 - (epoch - 1) / of.epochs;
    for (let edge = 0; edge < graph.heads.length; edge++) {
      if ((next[edge] as number) > epoch) continue;
      next[edge] = (next[edge] as number) + (due[edge] as number);
      step(points, graph.heads[edge] as number, graph.tails[edge] as number, rate, of.random);
      if (edge % 4096 === 0) await of.pace.rest();
    }
    await of.pace.rest();
    of.progress(epoch / of.epochs);
  }
}

/** Attracts the ends of an edge and pushes strangers away from its head. */
function step(points: Float32Array, head: number, tail: number, rate: number, random: Random): void {
  const from = head * 2;
  const to = tail * 2;
  const dx = (points[from] as number) - (points[to] as number);
  const dy = (points[from + 1] as number) - (points[to + 1] as number);
  const pull = (-2 * STEEPNESS) / (1 + STEEPNESS * (dx * dx + dy * dy));
  const moveX = clipped(pull * dx) * rate;
  const moveY = clipped(pull * dy) * rate;
  points[from] = (points[from] as number) + moveX;
  points[from + 1] = (points[from + 1] as number) + moveY;
  points[to] = (points[to] as number) - moveX;
  points[to + 1] = (points[to + 1] as number) - moveY;
  const count = points.length / 2;
  for (let stranger = 0; stranger < STRANGERS; stranger++) {
    const other = Math.floor(random() * count) * 2;
    if (other !== from) push(points, from, other, rate);
  }
}

function push(points: Float32Array, from: number, other: number, rate: number): void {
  const dx = (points[from] as number) - (points[other] as number);
  const dy = (points[from + 1] as number) - (points[other + 1] as number);
  const square = dx * dx + dy * dy;
  const force = 2 / ((0.001 + square) * (1 + STEEPNESS * square));
  // Points at the same place part by a step, one each way of the axes.
  points[from] = (points[from] as number) + (square > 0 ? clipped(force * dx) : STEP_MAX) * rate;
  points[from + 1] = (points[from + 1] as number) + (square > 0 ? clipped(force * dy) : STEP_MAX) * rate;
}

function clipped(move: number): number {
  return Math.min(STEP_MAX, Math.max(-STEP_MAX, move));
}

/** Joins what each row thinks of its neighbours: the chance that at least one of both is right. */
async function graphOf(neighbors: Neighbors, rows: number, pace: Pace): Promise<Graph> {
  const weights = await directedWeights(neighbors, rows, pace);
  const { count, indexes } = neighbors;
  const weightOf = (row: number, other: number) => {
    for (let at = row * count; at < (row + 1) * count; at++) {
      if (indexes[at] === other) return weights[at] as number;
    }
    return 0;
  };
  const edges: [head: number, tail: number, weight: number][] = [];
  for (let row = 0; row < rows; row++) {
    for (let at = row * count; at < (row + 1) * count; at++) {
      const other = indexes[at] as number;
      const back = weightOf(other, row);
      if (back > 0 && other < row) continue; // told from the other end
      const there = weights[at] as number;
      const both = there + back - there * back;
      if (both > 0) edges.push([row, other, both], [other, row, both]);
    }
    if (row % 256 === 0) await pace.rest();
  }
  return {
    heads: Uint32Array.from(edges, ([head]) => head),
    tails: Uint32Array.from(edges, ([, tail]) => tail),
    weights: Float32Array.from(edges, ([, , weight]) => weight),
  };
}

/** For each row a width, so that its neighbours weigh the logarithm of their number together. */
async function directedWeights(
  { count, distances }: Neighbors,
  rows: number,
  pace: Pace,
): Promise<Float32Array> {
  const weights = new Float32Array(distances.length);
  const target = Math.log2(count + 1);
  for (let row = 0; row < rows; row++) {
    const own = distances.subarray(row * count, (row + 1) * count);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const width = widthFor(own, nearest, target);
    own.forEach((distance, at) => {
      weights[row * count + at] = likeness(distance, nearest, width);
    });
    if (row % 256 === 0) await pace.rest();
  }
  return weights;
}

function widthFor(distances: Float32Array, nearest: number, target: number): number {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let width = 1;
  for (let halving = 0; halving < 48; halving++) {
    let sum = 0;
    for (const distance of distances) sum += likeness(distance, nearest, width);
    if (sum > target) high = width;
    else low = width;
    width = high === Number.POSITIVE_INFINITY ? width * 2 : (low + high) / 2;
  }
  return width;
}

function likeness(distance: number, nearest: number, width: number): number {
  const beyond = distance - nearest;
  return beyond <= 0 ? 1 : Math.exp(-beyond / width);
}

/** Centres points and makes the widest of their extents so wide. */
export function scale(points: Float32Array, width: number): void {
  let extent = 0;
  for (let axis = 0; axis < 2; axis++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let at = axis; at < points.length; at += 2) {
      low = Math.min(low, points[at] as number);
      high = Math.max(high, points[at] as number);
    }
    for (let at = axis; at < points.length; at += 2) points[at] = (points[at] as number) - (low + high) / 2;
    extent = Math.max(extent, high - low);
  }
  if (!(extent > 0)) return;
  for (let at = 0; at < points.length; at++) points[at] = (points[at] as number) * (width / extent);
}
