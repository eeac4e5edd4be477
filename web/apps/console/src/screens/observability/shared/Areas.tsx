import { Link } from "@tanstack/react-router";
import { Bell, ChartSpline, ListTree, MessagesSquare, ScrollText, Search } from "lucide-react";
import classes from "./Areas.module.css";

const AREAS = [
  { to: "/observability", label: "Dashboards", icon: ChartSpline },
  { to: "/observability/events", label: "Events", icon: ScrollText },
  { to: "/observability/search", label: "Search", icon: Search },
  { to: "/observability/traces", label: "Traces", icon: ListTree },
  { to: "/observability/sessions", label: "Sessions", icon: MessagesSquare },
  { to: "/observability/alerts", label: "Alerts", icon: Bell },
] as const;

/** The screens of observability, one beside the other; the range of time goes along. */
export function Areas({ range }: { range?: string | undefined }) {
  return (
    <nav className={classes.areas} aria-label="Observability">
      {AREAS.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          search={range === undefined ? {} : { range }}
          activeOptions={{ exact: true, includeSearch: false }}
          className={classes.area}
        >
          <Icon size={14} aria-hidden />
          {label}
        </Link>
      ))}
    </nav>
  );
}
