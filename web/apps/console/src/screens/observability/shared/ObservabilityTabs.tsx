import { Bell, ChartSpline, ListTree, MessagesSquare, ScrollText, Search } from "lucide-react";
import { type AreaTab, AreaTabs } from "../../../ui/AreaTabs";

const TABS: readonly AreaTab[] = [
  { to: "/observability", label: "Dashboards", icon: ChartSpline },
  { to: "/observability/events", label: "Events", icon: ScrollText },
  { to: "/observability/search", label: "Search", icon: Search },
  { to: "/observability/traces", label: "Traces", icon: ListTree },
  { to: "/observability/sessions", label: "Sessions", icon: MessagesSquare },
  { to: "/observability/alerts", label: "Alerts", icon: Bell },
];

/** The screens of observability; the range of time goes along. */
export function ObservabilityTabs({ range }: { range?: string | undefined }) {
  return <AreaTabs area="Observability" tabs={TABS} search={range === undefined ? {} : { range }} />;
}
