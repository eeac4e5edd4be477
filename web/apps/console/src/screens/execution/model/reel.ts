import { applyDelta, type Operation } from "./delta";
import { indexOf, type Step } from "./steps";

/** Steps are loaded so many at once, ... */
export const WINDOW_STEPS = 256;
/** ... unless they are larger than this together: then fewer. */
export const WINDOW_BYTES_MAX = 16 * 1024 * 1024;
/** All states that are held may take so much, roughly; those farthest from where the reader stands go first. */
export const REEL_BYTES_MAX = 192 * 1024 * 1024;
/** Steps before the one that is wanted are loaded with it unless they take more than this, compressed. */
const BEFORE_BYTES_MAX = 1024 * 1024;
/** When so few steps are left ahead, the next ones are loaded. */
const AHEAD_MIN = 96;
/** The page gets its turn after so much work. */
const SLICE_MS = 8;
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_REFERENCE = 8;

/** What a playback sends, line by line. */
interface Line {
  readonly frame?: {
    readonly snapshot?: { readonly sequence: number; readonly state?: unknown };
    readonly delta?: readonly Operation[];
  };
  readonly error?: { readonly detail?: string };
}

/** Asks for the frames from one sequence to another, as lines of JSON. */
export type ReadFrames = (
  first: number,
  last: number,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>>;

interface Held {
  readonly state: unknown;
  readonly bytes: number;
}

/** The states of a recording around where the reader stands, made from deltas that are played once. */
export class Reel {
  readonly #read: ReadFrames;
  readonly #held = new Map<number, Held>();
  readonly #listeners = new Set<() => void>();
  #bytes = 0;
  #wanted = 0;
  #steps: readonly Step[] = [];
  #loading: { first: number; last: number; abort: AbortController } | undefined;
  #error: unknown;
  #version = 0;

  constructor(read: ReadFrames) {
    this.#read = read;
  }

  /** Changes when something was loaded, or failed. */
  get version(): number {
    return this.#version;
  }

  /** Why the last load failed; undefined if it did not. */
  get error(): unknown {
    return this.#error;
  }

  /** The state of a snapshot, if it is at hand; before the first there is none. */
  peek(sequence: number): Held | undefined {
    return sequence === 0 ? BEFORE_ALL : this.#held.get(sequence);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Tells where the reader stands in which steps; what is missing around there is loaded. */
  want(sequence: number, steps: readonly Step[]): void {
    const hasMoved = sequence !== this.#wanted || steps !== this.#steps;
    this.#wanted = sequence;
    this.#steps = steps;
    if (steps.length === 0 || (this.#error !== undefined && !hasMoved)) return;
    const first = this.#firstMissing();
    if (first === undefined) return;
    const loading = this.#loading;
    if (loading !== undefined) {
      const isOnItsWay = loading.first <= sequence && sequence <= loading.last;
      if (isOnItsWay || this.#held.has(sequence)) return;
      loading.abort.abort();
    }
    void this.#load(first);
  }

  /** Tries again after an error. */
  retry(): void {
    this.#error = undefined;
    this.want(this.#wanted, this.#steps);
  }

  /** Lets go of what is being loaded. */
  close(): void {
    this.#loading?.abort.abort();
  }

  /** The place of the step to begin loading with; undefined if all that is needed is there. */
  #firstMissing(): number | undefined {
    const steps = this.#steps;
    const isMissing = (index: number) => !this.#held.has(steps[index]?.sequence ?? 0);
    const wanted = Math.min(indexOf(steps, this.#wanted), steps.length - 1);
    if (isMissing(wanted)) {
      const start = Math.floor(wanted / WINDOW_STEPS) * WINDOW_STEPS;
      let first = wanted;
      let bytes = 0;
      while (first > start && isMissing(first - 1)) {
        bytes += steps[first]?.storedBytes ?? 0;
        // The step before is loaded whatever it takes: the reader sees what changed since.
        if (bytes > BEFORE_BYTES_MAX && first < wanted) break;
        first -= 1;
      }
      return first;
    }
    if (this.#bytes > REEL_BYTES_MAX / 2) return undefined;
    const horizon = Math.min(steps.length - 1, wanted + AHEAD_MIN);
    for (let index = wanted + 1; index <= horizon; index += 1) if (isMissing(index)) return index;
    return undefined;
  }

  async #load(index: number): Promise<void> {
    const abort = new AbortController();
    const first = this.#steps[index]?.sequence ?? 1;
    const last = this.#steps[Math.min(index + WINDOW_STEPS, this.#steps.length) - 1]?.sequence ?? first;
    const loading = { first, last, abort };
    this.#loading = loading;
    this.#error = undefined;
    try {
      const stream = await this.#read(loading.first, loading.last, abort.signal);
      await this.#take(stream, loading);
      if (!abort.signal.aborted && !this.#held.has(first))
        throw new Error(`Snapshot ${first} is not there any more.`);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#error = error;
    }
    if (this.#loading !== loading) return;
    this.#loading = undefined;
    this.#tell();
    if (this.#error === undefined) this.want(this.#wanted, this.#steps);
  }

  async #take(
    stream: ReadableStream<Uint8Array>,
    loading: { last: number; abort: AbortController },
  ): Promise<void> {
    let before: Held | undefined;
    let taken = 0;
    let since = performance.now();
    for await (const text of linesOf(stream)) {
      const line = JSON.parse(text) as Line;
      if (line.error !== undefined) throw new Error(line.error.detail ?? "The playback failed.");
      const sequence = line.frame?.snapshot?.sequence;
      if (sequence === undefined) break;
      before = this.#hold(sequence, line, before, text.length * BYTES_PER_CHARACTER);
      taken += before.bytes;
      if (taken > WINDOW_BYTES_MAX && sequence >= this.#wanted) {
        loading.last = sequence;
        break;
      }
      if (performance.now() - since < SLICE_MS) continue;
      this.#tell();
      await new Promise((resolve) => setTimeout(resolve));
      if (loading.abort.signal.aborted) return;
      since = performance.now();
    }
    this.#letGo();
  }

  #hold(sequence: number, { frame }: Line, before: Held | undefined, bytes: number): Held {
    const made =
      frame?.delta === undefined || before === undefined
        ? { state: frame?.snapshot?.state, copiedCount: 0 }
        : applyDelta(before.state, frame.delta);
    const held = { state: made.state, bytes: bytes + made.copiedCount * BYTES_PER_REFERENCE };
    this.#bytes += held.bytes - (this.#held.get(sequence)?.bytes ?? 0);
    this.#held.set(sequence, held);
    return held;
  }

  #letGo(): void {
    if (this.#bytes <= REEL_BYTES_MAX) return;
    const distance = (sequence: number) => Math.abs(sequence - this.#wanted);
    const farthest = [...this.#held.keys()].sort((one, other) => distance(other) - distance(one));
    for (const sequence of farthest) {
      if (this.#bytes <= REEL_BYTES_MAX / 2 || distance(sequence) <= 1) break;
      this.#bytes -= this.#held.get(sequence)?.bytes ?? 0;
      this.#held.delete(sequence);
    }
  }

  #tell(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

const BEFORE_ALL: Held = { state: undefined, bytes: 0 };

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.pipeThrough(new TextDecoderStream() as unknown as Decoder).getReader();
  let rest: string[] = [];
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      let from = 0;
      for (let end = next.value.indexOf("\n"); end >= 0; end = next.value.indexOf("\n", from)) {
        rest.push(next.value.slice(from, end));
        const line = rest.join("");
        rest = [];
        from = end + 1;
        if (line !== "") yield line;
      }
      rest.push(next.value.slice(from));
    }
    if (rest.join("") !== "") yield rest.join("");
  } finally {
    // The rest of a window that is large enough is not read.
    await reader.cancel().catch(() => undefined);
  }
}

type Decoder = ReadableWritablePair<string, Uint8Array>;
