import { tokensOf } from "../../../ui/json";

export const OPERATORS = [
  { value: "==", label: "is" },
  { value: "!=", label: "is not" },
  { value: "<", label: "is less than" },
  { value: "<=", label: "is at most" },
  { value: ">", label: "is more than" },
  { value: ">=", label: "is at least" },
  { value: "contains", label: "contains the text" },
  { value: "exists", label: "is there" },
  { value: "missing", label: "is not there" },
] as const;

export type Operator = (typeof OPERATORS)[number]["value"];

/** A condition on one value of a state, as a form has it. */
export interface ValueCondition {
  /** A JSON pointer. */
  readonly path: string;
  readonly operator: Operator;
  /** JSON; what is not JSON is taken as a text. */
  readonly value: string;
}

/** What is wrong with a condition: the reason by its field. */
export type ConditionErrors = Partial<Record<"path" | "value", string>>;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const INDEX = /^(0|[1-9][0-9]*)$/;
// Words that CEL keeps for itself cannot be the name of a field after a dot.
const RESERVED = new Set(
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(
    " ",
  ),
);
const ORDERED: readonly Operator[] = ["<", "<=", ">", ">="];

/** Whether an operator compares with a value. */
export function takesValue(operator: Operator): boolean {
  return operator !== "exists" && operator !== "missing";
}

/** What is wrong with a condition; nothing if an expression can be made of it. */
export function errorsOf({ path, operator, value }: ValueCondition): ConditionErrors {
  const errors: ConditionErrors = {};
  if (path === "") errors.path = "is required";
  else if (!path.startsWith("/")) errors.path = "must be a JSON pointer, such as /budget or /messages/0/role";
  if (!takesValue(operator)) return errors;
  const read = readValue(value);
  if (value.trim() === "" && operator !== "==" && operator !== "!=") errors.value = "is required";
  else if (typeof read === "object" && read !== null)
    errors.value = "must be a text, a number, true, false or null";
  else if (ORDERED.includes(operator) && typeof read !== "number" && typeof read !== "string")
    errors.value = "must be a number or a text to be put in order";
  else if (typeof read === "number" && !Number.isFinite(read)) errors.value = "is too large a number";
  return errors;
}

/** The CEL expression of a condition without errors. */
export function expressionOf({ path, operator, value }: ValueCondition): string {
  const tokens = tokensOf(path);
  const place = tokens.reduce(access, "state");
  if (operator === "exists" || operator === "missing") {
    const last = tokens.at(-1) ?? "";
    const above = tokens.slice(0, -1).reduce(access, "state");
    const isThere = INDEX.test(last) ? `size(${above}) > ${last}` : `${text(last)} in ${above}`;
    return operator === "exists" ? isThere : `!(${isThere})`;
  }
  const read = readValue(value);
  if (operator === "contains") return `${place}.contains(${text(String(read))})`;
  return `${place} ${operator} ${typeof read === "string" ? text(read) : JSON.stringify(read)}`;
}

function access(place: string, token: string): string {
  if (INDEX.test(token)) return `${place}[${token}]`;
  return IDENTIFIER.test(token) && !RESERVED.has(token) ? `${place}.${token}` : `${place}[${text(token)}]`;
}

/** A text as CEL writes it: the escapes of JSON are among its own. */
function text(value: string): string {
  return JSON.stringify(value);
}

function readValue(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
