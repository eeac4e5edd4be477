import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Workflows. */
export function WorkflowsPage() {
  return (
    <Page title="Workflows">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
