import { Link, type LinkProps } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import classes from "./AreaTabs.module.css";

/** One screen of an area. */
export interface AreaTab {
  readonly to: NonNullable<LinkProps["to"]>;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Behind the label, such as a count. */
  readonly beside?: ReactNode;
}

interface AreaTabsProps {
  /** The area's name. */
  readonly area: string;
  readonly tabs: readonly AreaTab[];
  /** What goes along from one screen to the other, such as the range of time. */
  readonly search?: Readonly<Record<string, string>>;
}

/** The screens of an area, one beside the other. */
export function AreaTabs({ area, tabs, search = {} }: AreaTabsProps) {
  return (
    <nav className={classes.tabs} aria-label={area}>
      {tabs.map(({ to, label, icon: Icon, beside }) => (
        <Link key={to} to={to} search={search} activeOptions={{ exact: true, includeSearch: false }}>
          <Icon size={14} aria-hidden />
          {label}
          {beside}
        </Link>
      ))}
    </nav>
  );
}
