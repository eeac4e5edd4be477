import { createRouter } from "@tanstack/react-router";
import { compareRoutes } from "../screens/compare/routes";
import { executionRoutes } from "../screens/execution/routes";
import { executionsRoutes } from "../screens/executions/routes";
import { homeRoutes } from "../screens/home/routes";
import { memoryRoutes } from "../screens/memory/routes";
import { migrationRoutes } from "../screens/migration/routes";
import { observabilityRoutes } from "../screens/observability/routes";
import { settingsRoutes } from "../screens/settings/routes";
import { workflowsRoutes } from "../screens/workflows/routes";
import { workspaceRoutes } from "../screens/workspace/routes";
import { ErrorState, LoadingState } from "../ui/states";
import { rootRoute } from "./root";

const routeTree = rootRoute.addChildren([
  ...homeRoutes,
  ...executionsRoutes,
  ...executionRoutes,
  ...compareRoutes,
  ...observabilityRoutes,
  ...memoryRoutes,
  ...workflowsRoutes,
  ...migrationRoutes,
  ...workspaceRoutes,
  ...settingsRoutes,
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultPendingComponent: LoadingState,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
