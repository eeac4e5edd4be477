import { Link } from "@tanstack/react-router";
import classes from "./MemoryTabs.module.css";

const PLACES = [
  { to: "/memory", label: "Browse" },
  { to: "/memory/map", label: "Map" },
  { to: "/memory/context", label: "Context" },
  { to: "/memory/sharing", label: "Sharing" },
  { to: "/memory/upkeep", label: "Upkeep" },
] as const;

/** The screens about memory. The namespace that is looked at goes along. */
export function MemoryTabs({ namespace }: { namespace: string }) {
  const search = namespace === "" ? {} : { namespace };
  return (
    <nav className={classes.tabs} aria-label="Memory">
      {PLACES.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          search={search}
          className={classes.tab}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
