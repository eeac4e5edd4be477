import { expect, test } from "vitest";
import { isWithin, linesOf, treeOf } from "./tree";

const NAMESPACES = [
  { name: "agent/robin", memoryCount: 2 },
  { name: "project", memoryCount: 1 },
  { name: "project/cafe/times", memoryCount: 4 },
];

test("a tree counts what is below and has what is between", () => {
  const [agent, project] = treeOf(NAMESPACES);
  expect(agent).toMatchObject({ name: "agent", count: 2, children: [{ label: "robin", count: 2 }] });
  expect(project).toMatchObject({ count: 5, children: [{ name: "project/cafe", count: 4 }] });
});

test("the lines of a tree leave out what is closed", () => {
  const names = (closed: string[]) => linesOf(treeOf(NAMESPACES), new Set(closed)).map(({ name }) => name);
  expect(names([])).toEqual(["agent", "agent/robin", "project", "project/cafe", "project/cafe/times"]);
  expect(names(["project"])).toEqual(["agent", "agent/robin", "project"]);
});

test("a namespace is within those above it alone", () => {
  expect(["project", "project/cafe", ""].map((place) => isWithin("project/cafe", place))).toEqual([
    true,
    true,
    true,
  ]);
  expect(isWithin("projects", "project")).toBe(false);
});
