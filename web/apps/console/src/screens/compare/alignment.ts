import type { AlignedStep } from "@timeloom/client";

/** A pair of steps, and its place in the whole alignment. */
export interface Pair extends AlignedStep {
  readonly place: number;
}

/** What stands between the two sides: a sign and a word. */
export const SIGNS = {
  SAME: { sign: "=", word: "Same" },
  DIFFERENT: { sign: "≠", word: "Differs" },
  MISSING: { sign: "←", word: "Only left" },
  EXTRA: { sign: "→", word: "Only right" },
  UNSPECIFIED: { sign: "?", word: "Unknown" },
} as const satisfies Record<AlignedStep["kind"], { sign: string; word: string }>;

export function pairsOf(steps: readonly AlignedStep[]): readonly Pair[] {
  return steps.map((step, place) => ({ ...step, place }));
}

/** The place of a step of the alignment; -1 if it is not among these. */
export function placeOf(steps: readonly AlignedStep[], wanted: AlignedStep | undefined): number {
  if (wanted === undefined) return -1;
  return steps.findIndex(
    (each) => each.sequence === wanted.sequence && each.otherSequence === wanted.otherSequence,
  );
}

/** The next place that differs in a direction; undefined if there is none. */
export function nextDifference(
  steps: readonly AlignedStep[],
  from: number,
  direction: 1 | -1,
): number | undefined {
  for (let place = from + direction; place >= 0 && place < steps.length; place += direction)
    if (steps[place]?.kind !== "SAME") return place;
  return undefined;
}

/** The step that each side had before a place; zero where it had none. */
export function stepsBefore(
  steps: readonly AlignedStep[],
  place: number,
): { readonly left: number; readonly right: number } {
  const sides = { left: 0, right: 0 };
  for (let each = place - 1; each >= 0 && (sides.left === 0 || sides.right === 0); each -= 1) {
    const step = steps[each];
    if (step === undefined) continue;
    if (sides.left === 0) sides.left = step.sequence;
    if (sides.right === 0) sides.right = step.otherSequence;
  }
  return sides;
}

/** `+12 %`; undefined where there is nothing to compare with. */
export function changeOf(left: number | undefined, right: number | undefined): string | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (left === right) return "same";
  if (left === 0) return undefined;
  const percent = ((right - left) / left) * 100;
  const rounded = Math.abs(percent) < 10 ? percent.toFixed(1) : percent.toFixed(0);
  return `${percent > 0 ? "+" : "−"}${rounded.replace("-", "")} %`;
}
