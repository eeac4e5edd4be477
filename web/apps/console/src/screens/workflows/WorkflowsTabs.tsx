import { AlarmClock, Hand, History, LayoutTemplate, Library, MailX } from "lucide-react";
import { type AreaTab, AreaTabs } from "../../ui/AreaTabs";

const TABS: readonly AreaTab[] = [
  { to: "/workflows", label: "Library", icon: Library },
  { to: "/workflows/executions", label: "Executions", icon: History },
  { to: "/workflows/approvals", label: "Approvals", icon: Hand },
  { to: "/workflows/triggers", label: "Triggers", icon: AlarmClock },
  { to: "/workflows/dead-letters", label: "Dead letters", icon: MailX },
  { to: "/workflows/templates", label: "Templates", icon: LayoutTemplate },
];

/** The screens of workflows. */
export function WorkflowsTabs() {
  return <AreaTabs area="Workflows" tabs={TABS} />;
}
