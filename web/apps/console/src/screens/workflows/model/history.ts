/** So many steps back are kept. */
export const HISTORY_MAX = 200;

/** A value, with what it was before and what was undone. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** What the newest change was about: further changes of the same are one step back. */
  readonly topic: string | undefined;
}

/** A history that begins. */
export function historyOf<T>(present: T): History<T> {
  return { past: [], present, future: [], topic: undefined };
}

/** Takes a change in; changes of one topic after the other, as typing makes them, are undone together. */
export function record<T>(history: History<T>, present: T, topic?: string): History<T> {
  if (Object.is(present, history.present)) return history;
  const isMore = topic !== undefined && topic === history.topic;
  const past = isMore ? history.past : [...history.past, history.present].slice(-HISTORY_MAX);
  return { past, present, future: [], topic };
}

/** One step back; the same if there is none. */
export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: before,
    future: [history.present, ...history.future],
    topic: undefined,
  };
}

/** One step forward again; the same if nothing was undone. */
export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, topic: undefined };
}
