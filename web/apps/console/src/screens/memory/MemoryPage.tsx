import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Memory. */
export function MemoryPage() {
  return (
    <Page title="Memory">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
