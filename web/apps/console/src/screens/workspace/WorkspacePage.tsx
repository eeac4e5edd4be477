import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Workspace. */
export function WorkspacePage() {
  return (
    <Page title="Workspace">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
