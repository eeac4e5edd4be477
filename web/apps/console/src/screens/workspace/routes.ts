import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workspace",
  component: lazyRouteComponent(() => import("./WorkspacePage"), "WorkspacePage"),
});

export const workspaceRoutes = [index] as const;
