import { Page } from "../../ui/Page";
import { EmptyState } from "../../ui/states";

/** Settings. */
export function SettingsPage() {
  return (
    <Page title="Settings">
      <EmptyState title="Nothing yet" />
    </Page>
  );
}
