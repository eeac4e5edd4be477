import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Two executions side by side. */
export function ComparePage() {
  return (
    <Page title="Compare executions">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
