import { indexOf, type Step, timeOf } from "./steps";

/** How many times faster than it was recorded a playback may be. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;
/** At the pace of the recording, a step is shown at least so long, ... */
export const STEP_MS_MIN = 40;
/** ... and a longer pause is cut to this. */
export const STEP_MS_MAX = 2_000;

/** How a playback stands. */
export interface Playback {
  /** The snapshot that it stands on; 0 if there is none. */
  readonly sequence: number;
  readonly isPlaying: boolean;
  readonly speed: number;
  /** It stays on the newest step. */
  readonly isFollowing: boolean;
  /** It stopped by itself at a breakpoint here. */
  readonly isAtStop: boolean;
}

/** Where a playback stops by itself. */
export type Stops = ReadonlySet<number>;

/** Moves through recorded steps: by hand, by itself at a pace, up to the next stop. */
export class Player {
  readonly #listeners = new Set<() => void>();
  readonly #isReady: (sequence: number) => boolean;
  #playback: Playback = { sequence: 0, isPlaying: false, speed: 1, isFollowing: false, isAtStop: false };
  #steps: readonly Step[] = [];
  #stops: Stops = new Set();
  #dueMs = 0;

  /** `isReady` tells whether a step can be shown: the playback waits for it. */
  constructor(isReady: (sequence: number) => boolean) {
    this.#isReady = isReady;
  }

  get playback(): Playback {
    return this.#playback;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  setSteps(steps: readonly Step[]): void {
    this.#steps = steps;
    if (this.#playback.isFollowing) this.#set({ sequence: steps.at(-1)?.sequence ?? 0, isAtStop: false });
  }

  setStops(stops: Stops): void {
    this.#stops = stops;
  }

  setSpeed(speed: number): void {
    this.#set({ speed });
  }

  /** Goes to a step, or to the next one that is there; what plays or follows stops. */
  seek(sequence: number): void {
    const index = Math.min(indexOf(this.#steps, sequence), this.#steps.length - 1);
    const found = this.#steps[index]?.sequence ?? 0;
    this.#set({ sequence: found, isPlaying: false, isFollowing: false, isAtStop: false });
  }

  /** Goes some steps on, or back if negative. */
  step(count: number): void {
    const index = Math.max(0, Math.min(this.#index() + count, this.#steps.length - 1));
    this.seek(this.#steps[index]?.sequence ?? 0);
  }

  /** Goes to the nearest of these sequences in a direction; false if there is none. */
  seekAmong(sequences: readonly number[], direction: 1 | -1): boolean {
    const at = this.#playback.sequence;
    const found =
      direction > 0 ? sequences.find((each) => each > at) : sequences.findLast((each) => each < at);
    if (found !== undefined) this.seek(found);
    return found !== undefined;
  }

  toStart(): void {
    this.seek(this.#steps[0]?.sequence ?? 0);
  }

  toEnd(): void {
    this.seek(this.#steps.at(-1)?.sequence ?? 0);
  }

  /** Plays on from here; from the start if it stands on the last step. */
  play(): void {
    if (this.#steps.length === 0) return;
    const isAtEnd = this.#index() >= this.#steps.length - 1;
    this.#dueMs = 0;
    this.#set({
      isPlaying: true,
      isFollowing: false,
      isAtStop: false,
      ...(isAtEnd && { sequence: this.#steps[0]?.sequence ?? 0 }),
    });
  }

  pause(): void {
    this.#set({ isPlaying: false });
  }

  toggle(): void {
    if (this.#playback.isPlaying) this.pause();
    else this.play();
  }

  /** Stays on the newest step from now on, or no more. */
  setFollowing(isFollowing: boolean): void {
    const sequence = isFollowing ? (this.#steps.at(-1)?.sequence ?? 0) : this.#playback.sequence;
    this.#set({ isFollowing, sequence, isPlaying: false, isAtStop: false });
  }

  /** Lets time pass: the steps that are due are gone. */
  advance(elapsedMs: number): void {
    if (!this.#playback.isPlaying) return;
    this.#dueMs += elapsedMs * this.#playback.speed;
    let index = this.#index();
    let sequence = this.#playback.sequence;
    let isPlaying = true;
    let isAtStop = false;
    while (isPlaying) {
      const next = this.#steps[index + 1];
      if (next === undefined) isPlaying = false;
      else {
        const gapMs = paceOf(this.#steps[index], next);
        if (this.#dueMs < gapMs) break;
        if (!this.#isReady(next.sequence)) {
          this.#dueMs = gapMs; // it goes on as soon as the state is there, and catches nothing up
          break;
        }
        this.#dueMs -= gapMs;
        index += 1;
        sequence = next.sequence;
        isAtStop = this.#stops.has(sequence);
        if (isAtStop) isPlaying = false;
      }
    }
    if (sequence !== this.#playback.sequence || !isPlaying) this.#set({ sequence, isPlaying, isAtStop });
  }

  #index(): number {
    return indexOf(this.#steps, this.#playback.sequence);
  }

  #set(change: Partial<Playback>): void {
    this.#playback = { ...this.#playback, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** How long a step is shown before the next one, at the pace of the recording. */
export function paceOf(step: Step | undefined, next: Step): number {
  const gapMs = timeOf(next) - timeOf(step);
  return Number.isNaN(gapMs) ? STEP_MS_MIN : Math.max(STEP_MS_MIN, Math.min(gapMs, STEP_MS_MAX));
}
