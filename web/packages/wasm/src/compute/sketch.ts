import { invalid } from "../errors.js";

/** How far a percentile of a sketch is from the exact one at most, as a part of it. */
export const SKETCH_ACCURACY = 0.01;

/** Values nearer to zero than this are counted as zero. */
export const SKETCH_VALUE_MIN = 1e-9;

const GROWTH = (1 + SKETCH_ACCURACY) / (1 - SKETCH_ACCURACY);
const LOG_GROWTH = Math.log(GROWTH);

/** How a sketch is written down. */
export interface SketchJson {
  readonly zeros: number;
  /** The number of the bucket and how many values are in it. */
  readonly positive: readonly (readonly [number, number])[];
  readonly negative: readonly (readonly [number, number])[];
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

/**
 * Percentiles of any number of values in little memory.
 *
 * Values are counted in buckets whose borders grow by a factor (DDSketch; Masson, Rim, Lee 2019), so that each
 * percentile is within 1 % and sketches of parts add up, in any order, to that of the whole. There are at most
 * some 36,500 buckets on either side of zero, for values from 1e-9 to the greatest there is.
 */
export class Sketch {
  #zeros = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #count = 0;
  readonly #positive = new Map<number, number>();
  readonly #negative = new Map<number, number>();

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The least value; undefined if there is none. */
  get min(): number | undefined {
    return this.#count > 0 ? this.#min : undefined;
  }

  get max(): number | undefined {
    return this.#count > 0 ? this.#max : undefined;
  }

  add(value: number, times = 1): void {
    if (!Number.isFinite(value)) throw invalid("value", `must be a finite number, not ${value}`);
    if (!Number.isInteger(times) || times < 1)
      throw invalid("times", `must be a whole number from 1, not ${times}`);
    const buckets = value > 0 ? this.#positive : this.#negative;
    if (Math.abs(value) < SKETCH_VALUE_MIN) this.#zeros += times;
    else increase(buckets, Math.ceil(Math.log(Math.abs(value)) / LOG_GROWTH), times);
    this.#count += times;
    this.#sum += value * times;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  /** Adds what another sketch counted. */
  merge(other: Sketch): void {
    this.#zeros += other.#zeros;
    this.#sum += other.#sum;
    this.#count += other.#count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    for (const [bucket, times] of other.#positive) increase(this.#positive, bucket, times);
    for (const [bucket, times] of other.#negative) increase(this.#negative, bucket, times);
  }

  /** The value that this part of all values does not exceed; undefined if there are none. */
  percentile(part: number): number | undefined {
    if (!(part >= 0 && part <= 1)) throw invalid("part", `must be from 0 to 1, not ${part}`);
    if (this.#count === 0) return undefined;
    if (part === 0) return this.#min;
    if (part === 1) return this.#max;
    const rank = Math.max(1, Math.ceil(part * this.#count));
    return Math.min(this.#max, Math.max(this.#min, this.#valueAt(rank)));
  }

  toJSON(): SketchJson {
    return {
      zeros: this.#zeros,
      positive: sorted(this.#positive),
      negative: sorted(this.#negative),
      min: this.#count > 0 ? this.#min : 0,
      max: this.#count > 0 ? this.#max : 0,
      sum: this.#sum,
    };
  }

  static fromJSON(json: SketchJson): Sketch {
    const numbers = [
      json.zeros,
      json.min,
      json.max,
      json.sum,
      ...json.positive.flat(),
      ...json.negative.flat(),
    ];
    if (!numbers.every(Number.isFinite)) throw invalid("json", "is none that a sketch was written as");
    const sketch = new Sketch();
    sketch.#zeros = json.zeros;
    sketch.#count = json.zeros;
    for (const [buckets, counted] of [
      [sketch.#positive, json.positive],
      [sketch.#negative, json.negative],
    ] as const) {
      for (const [bucket, times] of counted) {
        increase(buckets, bucket, times);
        sketch.#count += times;
      }
    }
    if (sketch.#count > 0) {
      sketch.#min = json.min;
      sketch.#max = json.max;
      sketch.#sum = json.sum;
    }
    return sketch;
  }

  #valueAt(rank: number): number {
    let seen = 0;
    for (const [bucket, times] of sorted(this.#negative).reverse()) {
      seen += times;
      if (seen >= rank) return -middleOf(bucket);
    }
    seen += this.#zeros;
    if (seen >= rank) return 0;
    for (const [bucket, times] of sorted(this.#positive)) {
      seen += times;
      if (seen >= rank) return middleOf(bucket);
    }
    return this.#max;
  }
}

/** The exact percentiles of values, each by the nearest rank; undefined if there are no values. */
export function percentilesOf(values: Float64Array, parts: readonly number[]): (number | undefined)[] {
  if (values.some(Number.isNaN)) throw invalid("values", "must be numbers, not NaN");
  const bad = parts.find((part) => !(part >= 0 && part <= 1));
  if (bad !== undefined) throw invalid("parts", `must be from 0 to 1, not ${bad}`);
  const ordered = values.slice().sort();
  return parts.map((part) => ordered[Math.max(0, Math.ceil(part * ordered.length) - 1)]);
}

function increase(buckets: Map<number, number>, bucket: number, times: number): void {
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + times);
}

/** The value that is as near, as a factor, to both borders of a bucket. */
function middleOf(bucket: number): number {
  return (2 * GROWTH ** bucket) / (GROWTH + 1);
}

function sorted(buckets: Map<number, number>): (readonly [number, number])[] {
  return [...buckets].sort(([left], [right]) => left - right);
}
