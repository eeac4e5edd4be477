import { isContainer } from "../../../ui/json/pointer";

/** What a model's answer says of its price. */
export interface Usage {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** In US dollars. */
  readonly cost: number | undefined;
}

const INPUT = ["input_tokens", "prompt_tokens", "inputTokens", "promptTokens", "prompt_token_count"];
const OUTPUT = [
  "output_tokens",
  "completion_tokens",
  "outputTokens",
  "completionTokens",
  "candidates_token_count",
];
const COST = ["cost", "total_cost", "cost_usd"];
/** How deep in an answer, and among how many values, its usage is looked for. */
const DEPTH_MAX = 5;
const VALUES_MAX = 500;

/** Finds tokens and cost in an answer, by the names that providers and frameworks give them; undefined if there are none. */
export function usageOf(response: unknown): Usage | undefined {
  const found: Partial<Record<"input" | "output" | "cost", number | undefined>> = {};
  let waiting: readonly unknown[] = [response];
  for (let depth = 0, seen = 0; depth < DEPTH_MAX && seen < VALUES_MAX; depth += 1) {
    for (const value of waiting.slice(0, VALUES_MAX)) {
      seen += 1;
      if (!isContainer(value)) continue;
      found.input ??= numberOf(value, INPUT);
      found.output ??= numberOf(value, OUTPUT);
      found.cost ??= numberOf(value, COST);
    }
    waiting = waiting
      .slice(0, VALUES_MAX)
      .flatMap((value) => (isContainer(value) ? Object.values(value) : []));
  }
  if (found.input === undefined && found.output === undefined && found.cost === undefined) return undefined;
  return { inputTokens: found.input, outputTokens: found.output, cost: found.cost };
}

function numberOf(value: object, names: readonly string[]): number | undefined {
  for (const name of names) {
    const found: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    if (typeof found === "number") return found;
  }
  return undefined;
}
