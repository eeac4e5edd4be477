import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/executions",
  component: lazyRouteComponent(() => import("./ExecutionsPage"), "ExecutionsPage"),
});

export const executionsRoutes = [index] as const;
