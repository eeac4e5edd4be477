import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/migrations",
  component: lazyRouteComponent(() => import("./MigrationPage"), "MigrationPage"),
});

export const migrationRoutes = [index] as const;
