import { describe, expect, it } from "vitest";
import { changesOf, formOf, messageRole, messageText, NEW_TASK, rowOf, violationsOf } from "./task-form";

const NOW = "2026-11-24T00:00:00Z";
const form = { ...NEW_TASK, title: "Fix the login", tags: ["web"], pullRequestUrl: "https://example.org/7" };
const task = rowOf("a", form, NOW);

describe("the form of a task", () => {
  it("is what its task is", () => expect(formOf(task)).toEqual(form));

  it("sends what was changed, and nothing else", () => {
    expect(changesOf(task, form)).toEqual({});
    expect(changesOf(task, { ...form, title: "Fix it", tags: [] })).toEqual({ title: "Fix it", tags: [] });
  });

  it("keeps what else programs know of a pull request, and takes it away", () => {
    const known = { ...task, pullRequest: { number: 7, url: "https://example.org/7" } };
    expect(changesOf(known, { ...form, pullRequestUrl: "https://example.org/8" })).toEqual({
      pullRequest: { number: 7, url: "https://example.org/8" },
    });
    expect(changesOf(known, { ...form, pullRequestUrl: "" })).toEqual({ pullRequest: null });
  });

  it("says at each field what is wrong", () => {
    expect(violationsOf(form)).toEqual({});
    expect(
      Object.keys(
        violationsOf({
          ...form,
          title: " ",
          description: "x".repeat(100_001),
          tags: ["x".repeat(101)],
          pullRequestUrl: "here",
        }),
      ),
    ).toEqual(["title", "description", "tags", "pullRequestUrl"]);
    expect(violationsOf({ ...form, title: "x".repeat(501) }).title).toContain("501");
  });
});

it.each([
  ["hello", "hello", "message"],
  [{ role: "user", data: { text: "hello" } }, "hello", "user"],
  [{ role: "assistant", content: "hello" }, "hello", "assistant"],
  [{ role: "user", data: "hello" }, "hello", "user"],
  [{ other: 1 }, '{"other":1}', "message"],
])("the message %j reads %j of %s", (message, text, role) => {
  expect(messageText(message)).toBe(text);
  expect(messageRole(message)).toBe(role);
});
