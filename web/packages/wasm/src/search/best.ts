/** Keeps the greatest of many numbers, and knows the least of those it keeps. */
export class Best {
  readonly #max: number;
  /** A heap with the least number first. */
  readonly #kept: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** What a number has to exceed to be kept: nothing as long as there is room. */
  get border(): number {
    if (this.#max === 0) return Number.POSITIVE_INFINITY;
    return this.#kept.length < this.#max ? Number.NEGATIVE_INFINITY : (this.#kept[0] as number);
  }

  /** Takes a number that exceeds the border. */
  offer(number: number): void {
    if (this.#kept.length < this.#max) this.#rise(number);
    else this.#sink(number);
  }

  #rise(number: number): void {
    const kept = this.#kept;
    let hole = kept.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = kept[parent] as number;
      if (above <= number) break;
      kept[hole] = above;
      hole = parent;
    }
    kept[hole] = number;
  }

  #sink(number: number): void {
    const kept = this.#kept;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= kept.length) break;
      if (child + 1 < kept.length && (kept[child + 1] as number) < (kept[child] as number)) child++;
      if ((kept[child] as number) >= number) break;
      kept[hole] = kept[child] as number;
      hole = child;
    }
    kept[hole] = number;
  }
}
