import fc from "fast-check";
import { expect, test } from "vitest";
import { anyOfText, textOfAny } from "./anyText";
import { beginningOf, fieldsOf, type Json, type JsonSchema, kindOf, labelOf, withMember } from "./schema";

const ACTION: JsonSchema = {
  type: "object",
  required: ["type"],
  properties: { type: { enum: ["http", "task"] } },
  allOf: [
    {
      if: { properties: { type: { const: "http" } } },
      then: { properties: { type: true as never, url: { $ref: "#/$defs/url" } }, required: ["url"] },
    },
    { if: { properties: { type: { const: "task" } } }, then: { properties: { task: { type: "string" } } } },
  ],
  $defs: { url: { type: "string", description: "Where." } },
};

test("any value survives being written as text and read again", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(anyOfText(textOfAny(value as Json)).value).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("text that begins like JSON and is none is a problem, other text is a text", () => {
  expect(anyOfText('{"a": ').problem).toContain("not JSON yet");
  expect(anyOfText("${ input.a }")).toEqual({ value: "${ input.a }" });
  expect(anyOfText("hello", { mayBeText: false }).problem).toContain("not JSON yet");
  expect(anyOfText("  ")).toEqual({});
});

test("the fields of an object are those of the branch that its type takes", () => {
  const names = (type: string) => fieldsOf(ACTION, ACTION, { type }).map((each) => each.name);
  expect(names("http")).toEqual(["type", "url"]);
  expect(names("task")).toEqual(["type", "task"]);
  expect(fieldsOf(ACTION, ACTION, { type: "http" })[1]).toEqual({
    name: "url",
    schema: { type: "string", description: "Where." },
    isRequired: true,
  });
});

test("a new object has what is required, with defaults", () => {
  expect(beginningOf(ACTION, ACTION)).toEqual({ type: "http" });
  expect(beginningOf({ type: "array" }, ACTION)).toEqual([]);
  expect(beginningOf({ type: "integer", minimum: 1 }, ACTION)).toBe(1);
});

test("each schema has its control", () => {
  const kinds = [
    { enum: ["a"] },
    { type: "boolean" },
    { type: "string", maxLength: 64 },
    { type: "string" },
    { type: "array", items: { type: "string" } },
    { type: "array", items: ACTION },
    { type: ["integer", "string"] },
    { type: "object" },
  ].map((each) => kindOf(each as JsonSchema, ACTION));
  expect(kinds).toEqual(["choice", "switch", "text", "longText", "texts", "objects", "any", "any"]);
});

test("names become words, and members come and go", () => {
  expect(labelOf("maxAttempts", {})).toBe("Max attempts");
  expect(withMember({ a: 1 }, "a", undefined)).toEqual({});
  expect(withMember({ a: 1 }, "b", null)).toEqual({ a: 1, b: null });
});
