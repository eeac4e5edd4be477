import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

/** Which two executions are compared. */
export interface CompareSearch {
  readonly left?: string;
  readonly right?: string;
}

const compare = createRoute({
  getParentRoute: () => rootRoute,
  path: "/compare",
  validateSearch: (search: Record<string, unknown>): CompareSearch => ({
    ...(typeof search.left === "string" && { left: search.left }),
    ...(typeof search.right === "string" && { right: search.right }),
  }),
  component: lazyRouteComponent(() => import("./ComparePage"), "ComparePage"),
});

export const compareRoutes = [compare] as const;
