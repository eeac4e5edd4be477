import { Link } from "@tanstack/react-router";
import classes from "./WorkflowsNav.module.css";

const PLACES = [
  { to: "/workflows", label: "Library" },
  { to: "/workflows/executions", label: "Executions" },
  { to: "/workflows/approvals", label: "Approvals" },
  { to: "/workflows/triggers", label: "Triggers" },
  { to: "/workflows/dead-letters", label: "Dead letters" },
  { to: "/workflows/templates", label: "Templates" },
] as const;

/** The places of workflows, one beside the other. */
export function WorkflowsNav() {
  return (
    <nav aria-label="Workflows" className={classes.nav}>
      {PLACES.map((place) => (
        <Link
          key={place.to}
          to={place.to}
          className={classes.place}
          activeOptions={{ exact: true, includeSearch: false }}
          activeProps={{ "aria-current": "page" }}
        >
          {place.label}
        </Link>
      ))}
    </nav>
  );
}
