import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { type BisectSearch, parseBisect } from "./bisect/search";

/** Which two executions are compared, and what is looked at. */
export interface CompareSearch {
  readonly left?: string;
  readonly right?: string;
  /** The pair of steps that is looked at, by its place in the alignment; the first divergence if left out. */
  readonly pair?: number;
  /** Shows only the pairs that differ. */
  readonly only?: "differences";
}

const compare = createRoute({
  getParentRoute: () => rootRoute,
  path: "/compare",
  validateSearch: (search: Record<string, unknown>): CompareSearch => ({
    ...(typeof search.left === "string" && { left: search.left }),
    ...(typeof search.right === "string" && { right: search.right }),
    ...(typeof search.pair === "number" && search.pair >= 0 && { pair: Math.floor(search.pair) }),
    ...(search.only === "differences" && { only: search.only }),
  }),
  component: lazyRouteComponent(() => import("./ComparePage"), "ComparePage"),
});

const bisect = createRoute({
  getParentRoute: () => rootRoute,
  path: "/compare/bisect",
  validateSearch: (search: Record<string, unknown>): BisectSearch => parseBisect(search),
  component: lazyRouteComponent(() => import("./bisect/BisectPage"), "BisectPage"),
});

export const compareRoutes = [compare, bisect] as const;
