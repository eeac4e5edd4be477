import { textOfAny } from "../../../ui/schema/anyText";
import { isObject, type Json, type JsonObject } from "../../../ui/schema/schema";
import type { Step } from "./definition";

/** A step to begin with. */
export interface StepKind {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly group: "Do" | "Decide" | "Repeat" | "Wait";
  readonly step: Step;
}

const action = (id: string, of: JsonObject): Step => ({ id, type: "action", action: of });

export const STEP_KINDS: readonly StepKind[] = [
  {
    key: "task",
    label: "Task",
    hint: "Calls a worker's task",
    group: "Do",
    step: action("task", { type: "task", task: "", input: {} }),
  },
  {
    key: "http",
    label: "HTTP call",
    hint: "Calls an address",
    group: "Do",
    step: action("call", { type: "http", url: "" }),
  },
  {
    key: "grpc",
    label: "gRPC call",
    hint: "Calls a method",
    group: "Do",
    step: action("call", { type: "grpc", address: "", method: "", message: {} }),
  },
  {
    key: "llm",
    label: "Language model",
    hint: "Asks a model",
    group: "Do",
    step: action("answer", { type: "llm", prompt: "" }),
  },
  {
    key: "memory",
    label: "Memory",
    hint: "Reads or keeps memories",
    group: "Do",
    step: action("memories", { type: "memory", operation: "search", input: { query: "" } }),
  },
  {
    key: "migration",
    label: "Migration",
    hint: "Advances a migration",
    group: "Do",
    step: action("migration", { type: "migration", operation: "get", input: {} }),
  },
  {
    key: "transform",
    label: "Transform",
    hint: "Computes a value",
    group: "Do",
    step: { id: "value", type: "transform", value: "${ input }" },
  },
  {
    key: "workflow",
    label: "Workflow",
    hint: "Runs another workflow",
    group: "Do",
    step: { id: "child", type: "workflow", workflow: "" },
  },
  {
    key: "webhook",
    label: "Webhook",
    hint: "Calls a webhook, signed",
    group: "Do",
    step: { id: "notice", type: "webhook", call: { url: "" } },
  },
  {
    key: "condition",
    label: "Condition",
    hint: "Takes one of two ways",
    group: "Decide",
    step: { id: "check", type: "condition", condition: "true", then: [], else: [] },
  },
  {
    key: "switch",
    label: "Switch",
    hint: "Takes the way of a value",
    group: "Decide",
    step: {
      id: "way",
      type: "switch",
      value: "input.kind",
      cases: [{ equals: "first", steps: [] }],
      default: [],
    },
  },
  {
    key: "parallel",
    label: "Parallel",
    hint: "Runs branches at once",
    group: "Repeat",
    step: { id: "together", type: "parallel", branches: [[], []] },
  },
  {
    key: "foreach",
    label: "For each",
    hint: "Runs steps for each item",
    group: "Repeat",
    step: { id: "each", type: "foreach", items: "input.items", steps: [] },
  },
  {
    key: "loop",
    label: "Loop",
    hint: "Runs steps again and again",
    group: "Repeat",
    step: { id: "again", type: "loop", until: "true", maxIterations: 10, steps: [] },
  },
  {
    key: "wait",
    label: "Wait",
    hint: "For a time, an event, a signal",
    group: "Wait",
    step: { id: "pause", type: "wait", for: "1m" },
  },
  {
    key: "human_approval",
    label: "Approval",
    hint: "Asks people",
    group: "Wait",
    step: { id: "approval", type: "human_approval", question: "Go on?" },
  },
  {
    key: "callback",
    label: "Callback",
    hint: "Waits to be called back",
    group: "Wait",
    step: { id: "callback", type: "webhook", callback: { timeout: "1d" } },
  },
];

/** Which kind a step is of: its type, or that of its action. */
export function kindKeyOf(step: JsonObject): string {
  if (step.type === "action") return isObject(step.action) ? String(step.action.type) : "task";
  if (step.type === "webhook" && "callback" in step) return "callback";
  return String(step.type);
}

/** `human_approval` -> `Approval`. */
export function kindLabelOf(step: JsonObject): string {
  const key = kindKeyOf(step);
  return STEP_KINDS.find((each) => each.key === key)?.label ?? key;
}

const text = (value: Json | undefined) =>
  value === undefined ? "" : textOfAny(value).replaceAll(/\s+/g, " ");

/** What a step does, in a line. */
export function summaryOf(step: JsonObject): string {
  switch (step.type) {
    case "action":
      return isObject(step.action) ? actionSummary(step.action) : "";
    case "condition":
      return text(step.condition);
    case "switch":
      return text(step.value);
    case "parallel": {
      const count = Array.isArray(step.branches) ? step.branches.length : 0;
      return `${count} branches, waits for ${text(step.join ?? "all")}`;
    }
    case "foreach":
      return text(step.items);
    case "loop":
      return "until" in step ? `until ${text(step.until)}` : `while ${text(step.while)}`;
    case "wait":
      return waitSummary(step);
    case "human_approval":
      return text(step.question);
    case "webhook":
      return isObject(step.call)
        ? `${text(step.call.method ?? "POST")} ${text(step.call.url)}`
        : "until it is called back";
    case "workflow":
      return text(step.workflow);
    default:
      return text(step.value);
  }
}

function actionSummary(of: JsonObject): string {
  switch (of.type) {
    case "http":
      return `${text(of.method ?? "GET")} ${text(of.url)}`;
    case "task":
      return text(of.task);
    case "grpc":
      return text(of.method);
    case "llm":
      return text(of.prompt ?? of.system);
    default:
      return text(of.operation);
  }
}

function waitSummary(step: JsonObject): string {
  if ("for" in step) return `for ${text(step.for)}`;
  if ("until" in step) return `until ${text(step.until)}`;
  if ("event" in step) return `for the event ${text(step.event)}`;
  return `for the signal ${text(step.signal)}`;
}
