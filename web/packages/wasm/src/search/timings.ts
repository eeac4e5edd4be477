/** How many of the last durations are remembered. */
const REMEMBERED_MAX = 256;

/** The last durations of something done often. */
export class Timings {
  readonly #durations: number[] = [];
  /** How many there were in all. */
  count = 0;

  add(milliseconds: number): void {
    this.#durations[this.count++ % REMEMBERED_MAX] = milliseconds;
  }

  get last(): number | undefined {
    return this.count === 0 ? undefined : this.#durations[(this.count - 1) % REMEMBERED_MAX];
  }

  /** The smallest duration that at least this part of the remembered ones does not exceed. */
  percentile(part: number): number | undefined {
    const sorted = this.#durations.toSorted((left, right) => left - right);
    return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  }
}
