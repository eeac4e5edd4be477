/** How much of states a playback holds that it has shown or is about to show. */
export const STATES_BYTES_MAX = 64 * 1024 * 1024;
/** How much of that may be read ahead. */
export const AHEAD_BYTES_MAX = 16 * 1024 * 1024;

/** Keeps account of the states that a playback read, in the order in which they were last wanted. */
export class StateBudget {
  readonly #held = new Map<number, number>();
  #heldBytes = 0;

  /** Counts a state as wanted; false if it is too large to be read ahead. */
  admits(sequence: number, bytes: number): boolean {
    if (bytes > AHEAD_BYTES_MAX) return false;
    this.#heldBytes += bytes - (this.#held.get(sequence) ?? 0);
    this.#held.delete(sequence);
    this.#held.set(sequence, bytes);
    return true;
  }

  /** The states to let go of, those that were wanted longest ago first. */
  excess(): readonly number[] {
    const gone: number[] = [];
    for (const [sequence, bytes] of this.#held) {
      if (this.#heldBytes <= STATES_BYTES_MAX) break;
      this.#held.delete(sequence);
      this.#heldBytes -= bytes;
      gone.push(sequence);
    }
    return gone;
  }
}
