import type { Schemas } from "@timeloom/client";

export type MigrationAction = Schemas["MigrationItem"]["action"];
export type RecordFamily = Schemas["MigrationItem"]["family"];

export const TABS = ["plan", "conflicts", "verification"] as const;
export type Tab = (typeof TABS)[number];

/** What of a migration is shown. */
export interface MigrationSearch {
  readonly tab?: Tab;
  readonly actions?: readonly MigrationAction[];
  readonly families?: readonly RecordFamily[];
}

export function parseMigrationSearch(search: Record<string, unknown>): MigrationSearch {
  const tab = TABS.find((each) => each === search.tab && each !== "plan");
  const actions = texts(search.actions) as MigrationAction[];
  const families = texts(search.families) as RecordFamily[];
  return {
    ...(tab !== undefined && { tab }),
    ...(actions.length > 0 && { actions }),
    ...(families.length > 0 && { families }),
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
