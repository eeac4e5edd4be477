import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Executions. */
export function ExecutionsPage() {
  return (
    <Page title="Executions">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
