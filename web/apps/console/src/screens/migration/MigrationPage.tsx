import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Migration. */
export function MigrationPage() {
  return (
    <Page title="Migration">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
