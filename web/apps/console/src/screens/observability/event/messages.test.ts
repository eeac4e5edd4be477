import { describe, expect, it } from "vitest";
import { messagesOf, parsed } from "./messages";

const question = { role: "user", parts: [{ kind: "text", text: "Where is it?" }] };

describe("a conversation", () => {
  it("is read as OpenTelemetry has it", () => {
    const said = [
      { role: "user", parts: [{ type: "text", content: "Where is it?" }] },
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "c1", name: "look_up", arguments: { order: "A7" } }],
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: { found: 1 } }] },
    ];
    expect(messagesOf(said)).toEqual([
      question,
      { role: "assistant", parts: [{ kind: "call", name: "look_up", id: "c1", value: { order: "A7" } }] },
      { role: "tool", parts: [{ kind: "result", name: "", id: "c1", value: { found: 1 } }] },
    ]);
  });

  it("is read as OpenAI has it, and within what wraps it", () => {
    const call = { id: "c1", type: "function", function: { name: "look_up", arguments: '{"order": "A7"}' } };
    const said = {
      messages: [
        { role: "user", content: "Where is it?" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: '{"found": 1}' },
      ],
    };
    expect(messagesOf(said)).toEqual([
      question,
      { role: "assistant", parts: [{ kind: "call", name: "look_up", id: "c1", value: { order: "A7" } }] },
      { role: "tool", parts: [{ kind: "result", name: "", id: "c1", value: { found: 1 } }] },
    ]);
  });

  it("is read as Anthropic and LangChain have it, thoughts apart", () => {
    const said = [
      { type: "human", content: [{ type: "text", text: "Where is it?" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm." },
          { type: "image", source: 1 },
        ],
      },
    ];
    expect(messagesOf(said)).toEqual([
      question,
      {
        role: "assistant",
        parts: [
          { kind: "thought", text: "Hm." },
          { kind: "other", name: "image", value: { type: "image", source: 1 } },
        ],
      },
    ]);
  });

  it.each([["a text"], [{ order: "A7" }], [[]], [[1, 2]], [[{ role: "user", content: "" }, 3]], [null]])(
    "is not seen in %j",
    (value) => expect(messagesOf(value)).toBeUndefined(),
  );
});

it("what only looks like JSON stays a text", () => {
  expect([parsed("{not}"), parsed("[1]"), parsed("7")]).toEqual(["{not}", [1], "7"]);
});
