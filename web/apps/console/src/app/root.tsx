import { createRootRoute } from "@tanstack/react-router";
import { EmptyState, ErrorState } from "../ui/states";
import { Shell } from "./Shell";

/** The route that every screen hangs below. */
export const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <EmptyState
      title="There is nothing here"
      text="The address may have a mistake, or what it named is gone."
    />
  ),
  errorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
});
