import type { AlignedStep } from "@timeloom/client";
import { describe, expect, it } from "vitest";
import { changeOf, nextDifference, placeOf, stepsBefore } from "./alignment";

const STEPS: readonly AlignedStep[] = [
  { kind: "SAME", stepName: "plan", sequence: 1, otherSequence: 1 },
  { kind: "DIFFERENT", stepName: "search", sequence: 2, otherSequence: 2 },
  { kind: "EXTRA", stepName: "upgrade", sequence: 0, otherSequence: 3 },
  { kind: "SAME", stepName: "answer", sequence: 3, otherSequence: 4 },
  { kind: "MISSING", stepName: "bargain", sequence: 4, otherSequence: 0 },
];

describe("an alignment", () => {
  it("knows the places that differ, in both directions", () => {
    expect(nextDifference(STEPS, 0, 1)).toBe(1);
    expect(nextDifference(STEPS, 2, 1)).toBe(4);
    expect(nextDifference(STEPS, 4, 1)).toBeUndefined();
    expect(nextDifference(STEPS, 4, -1)).toBe(2);
    expect(nextDifference(STEPS, 1, -1)).toBeUndefined();
  });

  it("knows the place of a step, and that it is not read yet", () => {
    expect(placeOf(STEPS, STEPS[2])).toBe(2);
    expect(placeOf(STEPS.slice(0, 2), STEPS[2])).toBe(-1);
    expect(placeOf(STEPS, undefined)).toBe(-1);
  });

  it("knows which step each side had before a place", () => {
    expect(stepsBefore(STEPS, 0)).toEqual({ left: 0, right: 0 });
    expect(stepsBefore(STEPS, 2)).toEqual({ left: 2, right: 2 });
    expect(stepsBefore(STEPS, 3)).toEqual({ left: 2, right: 3 });
    expect(stepsBefore(STEPS, 4)).toEqual({ left: 3, right: 4 });
  });
});

it("tells a change in percent, where there is something to compare with", () => {
  expect(changeOf(100, 112)).toBe("+12 %");
  expect(changeOf(100, 96.5)).toBe("−3.5 %");
  expect(changeOf(5, 5)).toBe("same");
  expect(changeOf(0, 5)).toBeUndefined();
  expect(changeOf(undefined, 5)).toBeUndefined();
});
