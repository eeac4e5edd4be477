import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

/** What the wide part of the screen shows. */
export const VIEWS = ["state", "diff", "waterfall"] as const;
/** What the part beside it shows. */
export const SIDES = ["effects", "value", "details"] as const;

export type View = (typeof VIEWS)[number];
export type Side = (typeof SIDES)[number];

/** What of an execution is looked at. */
export interface ExecutionSearch {
  /** The snapshot; the newest if left out. */
  readonly at?: number | undefined;
  /** A JSON pointer into the state: the value whose history is shown. */
  readonly path?: string | undefined;
  readonly view?: View | undefined;
  readonly side?: Side | undefined;
  /** The snapshot that the diff begins with; the one before if left out. */
  readonly from?: number | undefined;
}

const one = createRoute({
  getParentRoute: () => rootRoute,
  path: "/executions/$executionId",
  validateSearch: (search: Record<string, unknown>): ExecutionSearch => ({
    ...numberOf("at", search.at),
    ...numberOf("from", search.from),
    ...(search.path !== undefined && { path: String(search.path) }),
    ...(search.view !== "state" && isOneOf(VIEWS, search.view) && { view: search.view }),
    ...(search.side !== "effects" && isOneOf(SIDES, search.side) && { side: search.side }),
  }),
  component: lazyRouteComponent(() => import("./ExecutionPage"), "ExecutionPage"),
});

function numberOf<Name extends string>(name: Name, value: unknown): { [K in Name]?: number } {
  const isSequence = typeof value === "number" && Number.isInteger(value) && value > 0;
  return isSequence ? ({ [name]: value } as { [K in Name]: number }) : {};
}

function isOneOf<Value extends string>(values: readonly Value[], value: unknown): value is Value {
  return values.includes(value as Value);
}

export const executionRoutes = [one] as const;
