import type { TimelineEntry } from "@timeloom/client";
import { nameOf, type Step, timeOf } from "./steps";

/** A line of the waterfall: a step, or an effect within it. */
export interface Span {
  readonly id: string;
  readonly sequence: number;
  readonly name: string;
  readonly kind: Step["kind"] | "EFFECT";
  /** In milliseconds. */
  readonly start: number;
  readonly end: number;
}

/**
 * Lays steps and effects out over time. A step lasts from its parent's snapshot to its own; an effect is noted when it
 * was answered, so it lasts from what came before it within the step.
 */
export function spansOf(steps: readonly Step[], entries: readonly TimelineEntry[]): readonly Span[] {
  const effects = new Map<number, { name: string; key: string; time: number }[]>();
  for (const { effect: found } of entries) {
    const { effect, sequence } = found ?? {};
    if (effect?.createTime === undefined || sequence === undefined) continue;
    const inStep = effects.get(sequence) ?? [];
    inStep.push({
      name: effect.name || effect.kind.toLowerCase(),
      key: effect.key,
      time: Date.parse(effect.createTime),
    });
    effects.set(sequence, inStep);
  }
  const times = new Map(steps.map((step) => [step.sequence, timeOf(step)]));
  return steps.flatMap((step) => {
    const end = timeOf(step);
    const inStep = (effects.get(step.sequence) ?? []).sort((one, other) => one.time - other.time);
    const start = Math.min(times.get(step.parentSequence) ?? inStep[0]?.time ?? end, end);
    let before = start;
    const spans: Span[] = [
      { id: String(step.sequence), sequence: step.sequence, name: nameOf(step), kind: step.kind, start, end },
    ];
    for (const { name, key, time } of inStep) {
      const answered = Math.max(before, time);
      spans.push({
        id: `${step.sequence}:${key}`,
        sequence: step.sequence,
        name,
        kind: "EFFECT",
        start: before,
        end: answered,
      });
      before = answered;
    }
    return spans;
  });
}
