import { Page } from "../../../ui/Page";
import { WorkflowsTabs } from "../WorkflowsTabs";
import { TriggerList } from "./TriggerList";

/** All that makes workflows begin by themselves. */
export function TriggersPage() {
  return (
    <Page
      title="Triggers"
      description="Schedules, events and webhooks that make workflows begin by themselves."
      isFilling
      below={<WorkflowsTabs />}
    >
      <TriggerList />
    </Page>
  );
}
