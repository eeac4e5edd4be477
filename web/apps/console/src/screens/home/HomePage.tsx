import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Home. */
export function HomePage() {
  return (
    <Page title="Home">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
