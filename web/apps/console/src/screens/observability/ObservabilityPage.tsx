import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Observability. */
export function ObservabilityPage() {
  return (
    <Page title="Observability">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
