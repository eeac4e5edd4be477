import { describe, expect, it } from "vitest";
import { errorsOf, expressionOf, type Operator, type ValueCondition } from "./predicate";

const condition = (path: string, operator: Operator, value = ""): ValueCondition => ({
  path,
  operator,
  value,
});

describe("the expression of a condition", () => {
  it.each([
    [condition("/budget", "<", "400"), "state.budget < 400"],
    [condition("/messages/0/role", "==", "user"), 'state.messages[0].role == "user"'],
    [condition("/city", "!=", '"Porto"'), 'state.city != "Porto"'],
    [condition("/done", "==", "true"), "state.done == true"],
    [condition("/plan", "==", "null"), "state.plan == null"],
    [condition("/a key/in", "==", "1.5"), 'state["a key"]["in"] == 1.5'],
    [condition("/a~1b/c~0d", "==", "x"), 'state["a/b"]["c~d"] == "x"'],
    [condition("/text", "contains", 'say "no"\n'), 'state.text.contains("say \\"no\\"\\n")'],
    [condition("/text", "contains", "400"), 'state.text.contains("400")'],
    [condition("/plan", "exists"), '"plan" in state'],
    [condition("/trip/plan", "missing"), '!("plan" in state.trip)'],
    [condition("/messages/3", "missing"), "!(size(state.messages) > 3)"],
    [condition("/name", "==", ""), 'state.name == ""'],
  ])("of %o is %s", (given, expression) => {
    expect(errorsOf(given)).toEqual({});
    expect(expressionOf(given)).toBe(expression);
  });
});

it.each([
  [condition("", "==", "1"), { path: "is required" }],
  [condition("budget", "exists"), { path: expect.stringContaining("JSON pointer") }],
  [condition("/budget", "<", ""), { value: "is required" }],
  [condition("/budget", "<", "true"), { value: expect.stringContaining("number or a text") }],
  [condition("/budget", "==", "[1]"), { value: expect.stringContaining("must be") }],
  [condition("/budget", "==", "1e999"), { value: expect.stringContaining("too large") }],
])("a condition like %o is refused at its field", (given, errors) => {
  expect(errorsOf(given)).toEqual(errors);
});
