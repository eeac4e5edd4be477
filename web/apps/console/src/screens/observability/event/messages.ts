/** One thing that was said in a conversation. */
export interface Message {
  readonly role: string;
  readonly parts: readonly MessagePart[];
}

export type MessagePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thought"; readonly text: string }
  | { readonly kind: "call"; readonly name: string; readonly id: string; readonly value: unknown }
  | { readonly kind: "result"; readonly name: string; readonly id: string; readonly value: unknown }
  | { readonly kind: "other"; readonly name: string; readonly value: unknown };

type Document = Readonly<Record<string, unknown>>;

const ROLES: Readonly<Record<string, string>> = {
  human: "user",
  ai: "assistant",
  model: "assistant",
  developer: "system",
  function: "tool",
  HumanMessage: "user",
  AIMessage: "assistant",
  SystemMessage: "system",
  ToolMessage: "tool",
};
/** Where programs put messages into something else, in the order in which to look. */
const WRAPPERS = [
  "messages",
  "message",
  "choices",
  "generations",
  "data",
  "kwargs",
  "input",
  "output",
] as const;
const DEPTH_MAX = 6;

/** The conversation that a value is or wraps; undefined if it is something else. */
export function messagesOf(value: unknown, depth = 0): Message[] | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) {
    const found = value.map((each) => messagesOf(each, depth + 1));
    // A list that has something else, too, would lose it.
    return found.length > 0 && found.every((each) => each !== undefined) ? found.flat() : undefined;
  }
  if (!isDocument(value)) return undefined;
  const role = roleOf(value);
  if (role !== undefined) return [{ role, parts: partsOf(value) }];
  for (const wrapper of WRAPPERS) {
    const found = wrapper in value ? messagesOf(value[wrapper], depth + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function roleOf(document: Document): string | undefined {
  const { role, type } = document;
  if (typeof role === "string" && role !== "") return ROLES[role] ?? role;
  return typeof type === "string" && "content" in document ? ROLES[type] : undefined;
}

function partsOf(message: Document): MessagePart[] {
  const said = message.parts ?? message.content ?? message.contents;
  const answersCall = message.role === "tool" && typeof said === "string";
  const parts = answersCall ? [resultOf({ ...message, result: said })] : contentParts(said);
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isDocument).map(callOf) : [];
  return [...parts, ...calls];
}

function contentParts(content: unknown): MessagePart[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.flatMap(contentParts);
  return isDocument(content) ? [partOf(content)] : [];
}

function partOf(part: Document): MessagePart {
  const type = textOf(part.type);
  if (type === "tool_call" || type === "tool_use" || type === "function_call" || type === "tool-call")
    return callOf(part);
  if (
    type === "tool_call_response" ||
    type === "tool_result" ||
    type === "function_call_output" ||
    type === "tool-result"
  ) {
    return resultOf(part);
  }
  const text = textOf(part.text) || textOf(part.content) || textOf(part.thinking) || textOf(part.refusal);
  if (text !== "" && (type === "reasoning" || type === "thinking")) return { kind: "thought", text };
  if (text !== "") return { kind: "text", text };
  return { kind: "other", name: type || "part", value: part };
}

function callOf(call: Document): MessagePart {
  const of = isDocument(call.function) ? call.function : call;
  const value = of.arguments ?? of.input ?? of.args;
  return {
    kind: "call",
    name: textOf(of.name) || "tool",
    id: textOf(call.id ?? call.call_id),
    value: parsed(value),
  };
}

function resultOf(result: Document): MessagePart {
  const value = result.response ?? result.result ?? result.output ?? result.content;
  const id = textOf(result.id ?? result.tool_call_id ?? result.tool_use_id ?? result.call_id);
  return { kind: "result", name: textOf(result.name), id, value: parsed(value) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A text that is a JSON document, as that. */
export function parsed(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // it only begins like one
  }
}
