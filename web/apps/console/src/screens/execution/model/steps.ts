import type { components } from "@timeloom/client";

/** A snapshot without its state: a step of the recording. */
export type Step = components["schemas"]["Snapshot"];

/** The place of a sequence among steps, or of the first one after it if it was deleted. */
export function indexOf(steps: readonly Step[], sequence: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle]?.sequence ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The step of a sequence; undefined if there is none. */
export function stepOf(steps: readonly Step[], sequence: number): Step | undefined {
  const step = steps[indexOf(steps, sequence)];
  return step?.sequence === sequence ? step : undefined;
}

/** The sequences on the way from the first snapshot to one, that one included. */
export function wayTo(steps: readonly Step[], sequence: number): ReadonlySet<number> {
  const way = new Set<number>();
  let at = sequence;
  while (at > 0 && !way.has(at)) {
    way.add(at);
    const step = stepOf(steps, at);
    // The parent of a snapshot may have been deleted: then the way goes on with the one before.
    const parent = step?.parentSequence ?? at - 1;
    at = stepOf(steps, parent) ? parent : (steps[indexOf(steps, parent) - 1]?.sequence ?? 0);
  }
  return way;
}

/** What a rollback from one snapshot to another leaves behind: the way to the first, as far as the other's does not share it. */
export function leftBehind(steps: readonly Step[], from: number, to: number): readonly number[] {
  const kept = wayTo(steps, to);
  return [...wayTo(steps, from)].filter((sequence) => !kept.has(sequence)).sort((one, other) => one - other);
}

/** How a step is called: its name, its label, or what it marks. */
export function nameOf(step: Step): string {
  return step.stepName || step.label || KIND_WORDS[step.kind];
}

/** What a kind is called. */
export const KIND_WORDS: Readonly<Record<Step["kind"], string>> = {
  UNSPECIFIED: "step",
  EXECUTION_START: "start",
  STEP_START: "step start",
  STEP_END: "step",
  DECISION_POINT: "decision",
  ERROR_STATE: "error",
  EXECUTION_END: "end",
  CHECKPOINT: "checkpoint",
  ROLLBACK_POINT: "rollback point",
};

/** When a step was recorded, in milliseconds. */
export function timeOf(step: Step | undefined): number {
  return step?.createTime === undefined ? Number.NaN : Date.parse(step.createTime);
}
