import type { Step } from "./steps";

/** So many breakpoints an execution may have. */
export const BREAKPOINTS_MAX = 20;

/** Where a playback stops: at a step's name, at errors, where a value changed, or where a CEL expression is true. */
export interface Breakpoint {
  readonly kind: "step" | "error" | "path" | "expression";
  /** The step's name, the JSON pointer or the expression; empty for errors. */
  readonly value: string;
  readonly isOn: boolean;
}

/** What the kinds are called. */
export const BREAKPOINT_KINDS = [
  { value: "step", label: "Step name" },
  { value: "error", label: "Errors" },
  { value: "path", label: "Changed value" },
  { value: "expression", label: "CEL expression" },
] as const;

/** Whether two breakpoints stop at the same places. */
export function isSame(one: Breakpoint, other: Breakpoint): boolean {
  return one.kind === other.kind && one.value === other.value;
}

/** The steps at which a breakpoint stops that needs no states to be known; undefined for one that does. */
export function knownStops(breakpoint: Breakpoint, steps: readonly Step[]): readonly number[] | undefined {
  if (breakpoint.kind === "step") {
    return steps.filter((step) => step.stepName === breakpoint.value).map((step) => step.sequence);
  }
  if (breakpoint.kind === "error") return errorsOf(steps);
  return undefined;
}

/** The steps that failed. */
export function errorsOf(steps: readonly Step[]): readonly number[] {
  return steps.filter((step) => step.kind === "ERROR_STATE").map((step) => step.sequence);
}

/** What was written down of breakpoints; those that make no sense are left out. */
export function parseBreakpoints(text: string | null): readonly Breakpoint[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isBreakpoint).slice(0, BREAKPOINTS_MAX) : [];
  } catch {
    return []; // somebody else wrote there
  }
}

function isBreakpoint(value: unknown): value is Breakpoint {
  const { kind, value: text, isOn } = (value ?? {}) as Partial<Breakpoint>;
  return (
    BREAKPOINT_KINDS.some((each) => each.value === kind) &&
    typeof text === "string" &&
    typeof isOn === "boolean"
  );
}
