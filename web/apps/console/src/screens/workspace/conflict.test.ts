import { expect, it } from "vitest";
import { fieldsOf, mergedOf, nameOf, nounOf, type SyncConflict, textOf } from "./conflict";

const conflict: SyncConflict = {
  id: "a",
  status: "OPEN",
  policy: "MANUAL",
  fields: ["description"],
  serverValue: { name: "kitchen", description: "warm" },
  serverClock: "",
  clientId: "laptop",
  mutation: {
    id: "m",
    table: "environments",
    operation: "UPDATE",
    recordId: "r",
    value: { githubRepository: "app", description: "cold" },
    clock: "",
    baseClock: "",
    userId: "",
  },
};

it("shows the fields that both changed first, with both values", () => {
  expect(fieldsOf(conflict)).toEqual([
    { name: "description", mine: "cold", theirs: "warm", isContested: true },
    { name: "githubRepository", mine: "app", theirs: undefined, isContested: false },
  ]);
});

it("sets what is taken from here, and leaves the rest", () => {
  const fields = fieldsOf(conflict);
  expect(mergedOf(fields, {})).toEqual({ description: "cold", githubRepository: "app" });
  expect(mergedOf(fields, { description: "theirs" })).toEqual({ githubRepository: "app" });
});

it("names records, tables and values as people do", () => {
  expect(nameOf(conflict.serverValue, "r")).toBe("kitchen");
  expect(nameOf(undefined, "r")).toBe("r");
  expect([nounOf("agent_sessions"), nounOf("others")]).toEqual(["Agent session", "others"]);
  expect([textOf(undefined), textOf(""), textOf("a"), textOf([1])]).toEqual([
    "Not set",
    "Empty",
    "a",
    "[\n  1\n]",
  ]);
});
