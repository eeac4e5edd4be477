import type { Migration } from "@timeloom/client";
import type { MigrationAction } from "./search";

type Status = Migration["status"];

/** Statuses in which it does something by itself. */
export const ACTIVE: ReadonlySet<Status> = new Set(["PLANNING", "RUNNING", "VERIFYING", "ROLLING_BACK"]);

/** What a status means for whoever looks at it. */
export const MEANINGS: Readonly<Record<Status, string>> = {
  UNSPECIFIED: "",
  UPLOADING: "Records are still to come: choose the same export again to go on with it.",
  UPLOADED: "Everything has arrived, and its hashes are right. A plan changes nothing.",
  PLANNING: "Looking at what would become of each record.",
  PLANNED: "This is what would be done. Nothing has been changed yet.",
  RUNNING: "Writing what was planned, part by part.",
  PAUSED: "It goes on where it stopped.",
  WAITING: "Somebody has to decide what becomes of what is there already.",
  VERIFYING: "Comparing what is there with what was meant.",
  SUCCEEDED: "Everything that was planned is there.",
  FAILED: "It stopped. What was written stays, and it can go on.",
  ROLLING_BACK: "Putting back what was there before, the last first.",
  ROLLED_BACK: "What was there before the migration is there again.",
};

/** The steps of a migration, and whether it has come past each. */
export const STEPS = ["Upload", "Plan", "Decide", "Write", "Done"] as const;

const REACHED: Readonly<Record<Status, number>> = {
  UNSPECIFIED: 0,
  UPLOADING: 0,
  UPLOADED: 1,
  PLANNING: 1,
  PLANNED: 2,
  WAITING: 2,
  RUNNING: 3,
  PAUSED: 3,
  FAILED: 3,
  VERIFYING: 4,
  SUCCEEDED: 5,
  ROLLING_BACK: 4,
  ROLLED_BACK: 5,
};

/** How many of the steps a migration has behind it. */
export function reached(status: Status): number {
  return REACHED[status];
}

/** What is done with records, in the order in which it matters to a person. */
export const ACTIONS: readonly { value: MigrationAction; label: string; tone: string }[] = [
  { value: "REFUSE", label: "Refused", tone: "var(--tl-bad)" },
  { value: "ASK", label: "To decide", tone: "var(--tl-warn)" },
  { value: "CREATE", label: "Created", tone: "var(--tl-good)" },
  { value: "MERGE", label: "Merged", tone: "var(--tl-info)" },
  { value: "OVERWRITE", label: "Overwritten", tone: "var(--tl-info)" },
  { value: "RENAME", label: "Renamed", tone: "var(--tl-info)" },
  { value: "KEEP", label: "Kept as it came", tone: "var(--tl-muted)" },
  { value: "SKIP", label: "There already", tone: "var(--tl-muted)" },
];

/** How many records each action has. */
export function countOf(counts: Migration["counts"], action: MigrationAction): number {
  if (counts === undefined || action === "UNSPECIFIED") return 0;
  return counts[action.toLowerCase() as keyof typeof counts];
}
