import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability",
  component: lazyRouteComponent(() => import("./ObservabilityPage"), "ObservabilityPage"),
});

export const observabilityRoutes = [index] as const;
