import { expect, test } from "vitest";
import type { Snapshot } from "../src/index.js";
import { AHEAD_BYTES_MAX, STATES_BYTES_MAX, StateBudget } from "../src/replay/budget.js";
import { wayTo } from "../src/replay/way.js";

function snapshots(parents: Readonly<Record<number, number>>): Snapshot[] {
  return Object.entries(parents).map(
    ([sequence, parentSequence]) => ({ sequence: Number(sequence), parentSequence }) as Snapshot,
  );
}

function way(head: number, parents: Readonly<Record<number, number>>): number[] {
  return wayTo(head, snapshots(parents)).map(({ sequence }) => sequence);
}

test("the way to a head leaves out what a rollback left behind", () => {
  const parents = { 1: 0, 2: 1, 3: 2, 4: 1, 5: 4 };
  expect(way(5, parents)).toEqual([1, 4, 5]);
  expect(way(3, parents)).toEqual([1, 2, 3]);
  expect(way(0, parents)).toEqual([]);
});

test("a snapshot that was deleted is passed over", () => {
  expect(way(4, { 1: 0, 3: 2, 4: 3 })).toEqual([1, 3, 4]);
});

test("states that were wanted longest ago are let go of first", () => {
  const budget = new StateBudget();
  const quarter = STATES_BYTES_MAX / 4;
  for (const sequence of [1, 2, 3, 4]) expect(budget.admits(sequence, quarter)).toBe(true);
  expect(budget.excess()).toEqual([]);
  budget.admits(1, quarter);
  budget.admits(5, quarter);
  expect(budget.excess()).toEqual([2]);
  expect(budget.excess()).toEqual([]);
  expect(budget.admits(6, AHEAD_BYTES_MAX + 1)).toBe(false);
});
