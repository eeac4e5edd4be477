import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import classes from "./Settings.module.css";

const ICONS = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert } as const;

/** How something is: in a colour, with a sign and words. */
export function Sign({ tone, children }: { tone: keyof typeof ICONS; children: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <span className={classes.sign} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {children}
    </span>
  );
}
