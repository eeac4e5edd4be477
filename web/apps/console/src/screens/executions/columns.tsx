import { Badge, Group, Text, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { GitFork } from "lucide-react";
import { formatAgo, formatCount, formatDateTime, formatDuration } from "../../ui/format";
import { StatusBadge } from "../../ui/StatusBadge";
import { useNow } from "../../ui/Time";
import type { Column } from "../../ui/VirtualTable";
import classes from "./Executions.module.css";
import { durationOf } from "./search";

/** A row has no room for more; all of them are shown on hover. */
const TAGS_SHOWN = 6;

/** What the list says of an execution. */
export const COLUMNS: readonly Column<Execution>[] = [
  {
    key: "status",
    title: "Status",
    width: "100px",
    render: (execution) => <StatusBadge status={execution.status} />,
  },
  {
    key: "name",
    title: "Name",
    width: "minmax(88px, 2fr)",
    isSortable: true,
    render: (execution) => <Name execution={execution} />,
  },
  {
    key: "agent",
    title: "Agent",
    width: "minmax(90px, 1fr)",
    showFrom: 620,
    render: (execution) => <span className={classes.agent}>{execution.agentId}</span>,
  },
  {
    key: "tags",
    title: "Tags",
    width: "minmax(80px, 1.4fr)",
    showFrom: 900,
    render: (execution) => <Tags tags={execution.tags} />,
  },
  {
    key: "steps",
    title: "Steps",
    width: "64px",
    align: "right",
    showFrom: 520,
    render: (execution) => <span className="mono">{formatCount(execution.snapshotCount)}</span>,
  },
  {
    key: "duration",
    title: "Duration",
    width: "86px",
    align: "right",
    showFrom: 460,
    render: (execution) => <Duration execution={execution} />,
  },
  {
    key: "when",
    title: "Began",
    width: "74px",
    align: "right",
    isSortable: true,
    render: ({ createTime }) => createTime !== undefined && <Began time={createTime} />,
  },
];

function Name({ execution }: { execution: Execution }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Link
        to="/executions/$executionId"
        params={{ executionId: execution.id }}
        preload={false}
        tabIndex={-1}
        className={classes.name ?? ""}
      >
        {nameOf(execution)}
      </Link>
      {execution.forkedFrom !== undefined && (
        <Tooltip label={`Forked at step ${execution.forkedFrom.sequence}`}>
          <GitFork size={13} className={classes.fork ?? ""} aria-label="Fork" />
        </Tooltip>
      )}
      {execution.error !== undefined && (
        <Text span size="xs" className={classes.error ?? ""} title={execution.error.message}>
          {[execution.error.type, execution.error.message].filter(Boolean).join(": ")}
        </Text>
      )}
    </Group>
  );
}

/** What an execution is called: by its name, or by the end of its id. */
export function nameOf({ name, id }: Pick<Execution, "name" | "id">): string {
  return name === "" ? `…${id.slice(-12)}` : name;
}

function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <div className={classes.tags} title={tags.join(", ")}>
      {tags.slice(0, TAGS_SHOWN).map((tag) => (
        <Badge
          key={tag}
          size="sm"
          radius="sm"
          variant="default"
          tt="none"
          fw={450}
          className={classes.tag ?? ""}
        >
          {tag}
        </Badge>
      ))}
    </div>
  );
}

/** Forty of these are drawn with each stroke of the wheel: a tooltip of the page would cost more than the row. */
function Began({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={formatDateTime(time)} className={classes.agent}>
      {formatAgo(time, Math.max(now, Date.parse(time)))}
    </time>
  );
}

/** How long an execution took, or has been going on. */
export function Duration({ execution }: { execution: Execution }) {
  const took = durationOf(execution);
  if (took !== undefined) return <span className="mono">{formatDuration(took)}</span>;
  return <Elapsed since={execution.createTime} />;
}

function Elapsed({ since }: { since: string | undefined }) {
  const now = useNow();
  if (since === undefined) return null;
  return (
    <span className={`mono ${classes.elapsed}`}>
      {formatDuration(Math.max(1000, now - Date.parse(since)))}…
    </span>
  );
}
