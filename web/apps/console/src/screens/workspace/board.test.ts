import type { TaskRow } from "@timeloom/client/collections";
import { describe, expect, it } from "vitest";
import { boardOf, columnAfter, placeAfter } from "./board";

const task = (fields: Partial<TaskRow>): TaskRow => ({
  id: "a",
  title: "Fix the login",
  description: "",
  status: "PENDING",
  priority: "LOW",
  mode: "CODE",
  userId: "",
  sessionId: "",
  environmentId: "",
  repository: "",
  branch: "",
  statusMessage: "",
  hasChanges: false,
  archived: false,
  tags: [],
  version: 1,
  clock: "",
  ...fields,
});
const ids = (tasks: readonly TaskRow[], search = {}) =>
  Object.fromEntries(
    [...boardOf(tasks, search)].map(([status, found]) => [status, found.map(({ id }) => id)]),
  );

describe("a board", () => {
  it("has a column for each status, the most urgent first, then what was changed last", () => {
    const tasks = [
      task({ id: "low" }),
      task({ id: "old", priority: "HIGH", updateTime: "2026-11-23T00:00:00Z" }),
      task({ id: "new", priority: "HIGH", updateTime: "2026-11-24T00:00:00Z" }),
      task({ id: "done", status: "COMPLETED" }),
    ];
    expect(ids(tasks)).toEqual({
      PENDING: ["new", "old", "low"],
      IN_PROGRESS: [],
      PAUSED: [],
      COMPLETED: ["done"],
      CANCELLED: [],
    });
  });

  it("shows what has all words of a search, in any case and any of its texts", () => {
    const tasks = [task({ id: "a", tags: ["Web"] }), task({ id: "b" }), task({ id: "c", archived: true })];
    expect(ids(tasks, { q: " LOGIN web" }).PENDING).toEqual(["a"]);
    expect(ids(tasks, { archived: true }).PENDING).toEqual(["c"]);
    expect(ids(tasks, { tag: "Web" }).PENDING).toEqual(["a"]);
    expect(ids(tasks, { priority: "HIGH" }).PENDING).toEqual([]);
    expect(ids(tasks, { environment: "x" }).PENDING).toEqual([]);
  });
});

describe("arrow keys", () => {
  const counts = [2, 0, 3, 1, 0];
  it.each([
    ["ArrowDown", { column: 0, row: 0 }, { column: 0, row: 1 }],
    ["ArrowDown", { column: 0, row: 1 }, undefined],
    ["ArrowUp", { column: 0, row: 0 }, undefined],
    ["ArrowRight", { column: 0, row: 1 }, { column: 2, row: 1 }],
    ["ArrowRight", { column: 2, row: 2 }, { column: 3, row: 0 }],
    ["ArrowRight", { column: 3, row: 0 }, undefined],
    ["ArrowLeft", { column: 2, row: 2 }, { column: 0, row: 1 }],
    ["Home", { column: 2, row: 2 }, undefined],
  ])("%s leads from %j to %j", (key, from, to) => expect(placeAfter(key, from, counts)).toEqual(to));

  it("move what is held from column to column, and not beyond the last", () => {
    expect(columnAfter("ArrowRight", "PENDING")).toBe("IN_PROGRESS");
    expect(columnAfter("ArrowLeft", "PENDING")).toBe("PENDING");
    expect(columnAfter("ArrowRight", "CANCELLED")).toBe("CANCELLED");
  });
});
