import { Badge, type BadgeProps } from "@mantine/core";
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  RotateCcw,
  SkipForward,
} from "lucide-react";
import { wordsOf } from "./format";
import classes from "./StatusBadge.module.css";

const GOOD = { tone: "good", icon: CircleCheck };
const BAD = { tone: "bad", icon: CircleX };
const RUNNING = { tone: "info", icon: LoaderCircle };
const WAITING = { tone: "warn", icon: Hourglass };
const QUIET = { tone: "quiet", icon: CircleDashed };

const LOOKS: Readonly<Record<string, { tone: string; icon: LucideIcon }>> = {
  SUCCEEDED: GOOD,
  COMPLETED: GOOD,
  OK: GOOD,
  RESOLVED: GOOD,
  APPROVED: GOOD,
  VERIFIED: GOOD,
  FAILED: BAD,
  ERROR: BAD,
  FIRING: BAD,
  REJECTED: BAD,
  CONFLICT: BAD,
  RUNNING,
  IN_PROGRESS: RUNNING,
  PLANNING: RUNNING,
  VERIFYING: RUNNING,
  ROLLING_BACK: RUNNING,
  RETRYING: { tone: "warn", icon: RotateCcw },
  COMPENSATING: { tone: "warn", icon: RotateCcw },
  PENDING: WAITING,
  OPEN: WAITING,
  WAITING,
  PAUSED: { tone: "warn", icon: CirclePause },
  CANCELLED: { tone: "quiet", icon: Ban },
  SKIPPED: { tone: "quiet", icon: SkipForward },
};

/** A status in its colour, with a sign of its own, so that the colour alone says nothing. */
export function StatusBadge({ status, ...badge }: { status: string } & BadgeProps) {
  const { tone, icon: Icon } = LOOKS[status] ?? QUIET;
  return (
    <Badge
      variant="light"
      radius="sm"
      size="sm"
      className={classes.badge ?? ""}
      data-tone={tone}
      leftSection={<Icon size={12} aria-hidden className={tone === "info" ? classes.turning : undefined} />}
      {...badge}
    >
      {wordsOf(status)}
    </Badge>
  );
}
