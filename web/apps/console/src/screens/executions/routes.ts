import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { parseSearch } from "./search";

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/executions",
  validateSearch: parseSearch,
  component: lazyRouteComponent(() => import("./ExecutionsPage"), "ExecutionsPage"),
});

export const executionsRoutes = [index] as const;
