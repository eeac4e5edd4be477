import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

const one = createRoute({
  getParentRoute: () => rootRoute,
  path: "/executions/$executionId",
  component: lazyRouteComponent(() => import("./ExecutionPage"), "ExecutionPage"),
});

export const executionRoutes = [one] as const;
