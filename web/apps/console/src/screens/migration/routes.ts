import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { parseMigrationSearch } from "./search";

const list = createRoute({
  getParentRoute: () => rootRoute,
  path: "/migrations",
  component: lazyRouteComponent(() => import("./MigrationsPage"), "MigrationsPage"),
});

const begin = createRoute({
  getParentRoute: () => rootRoute,
  path: "/migrations/new",
  component: lazyRouteComponent(() => import("./NewMigrationPage"), "NewMigrationPage"),
});

const one = createRoute({
  getParentRoute: () => rootRoute,
  path: "/migrations/$migrationId",
  validateSearch: parseMigrationSearch,
  component: lazyRouteComponent(() => import("./MigrationPage"), "MigrationPage"),
});

export const migrationRoutes = [list, begin, one] as const;
