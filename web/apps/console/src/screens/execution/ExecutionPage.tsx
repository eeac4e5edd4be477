import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** One execution. */
export function ExecutionPage() {
  return (
    <Page title="Execution">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
