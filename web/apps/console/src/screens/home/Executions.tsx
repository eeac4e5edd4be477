import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ExecutionStatus } from "@timeloom/client";
import { useExecutions } from "@timeloom/client/react";
import { formatCount } from "../../ui/format";
import { TimeAgo } from "../../ui/Time";
import { Card } from "./Card";
import classes from "./Home.module.css";

const ROWS_MAX = 6;

interface ExecutionsProps {
  readonly title: string;
  readonly status: ExecutionStatus;
  readonly none: string;
}

/** The newest executions of a status. */
export function Executions({ title, status, none }: ExecutionsProps) {
  const executions = useExecutions({ statuses: [status], pageSize: ROWS_MAX, withoutDocuments: true });
  const rows = executions.data?.slice(0, ROWS_MAX) ?? [];
  return (
    <Card
      title={title}
      to={{ to: "/executions", search: { status: [status] } }}
      all="All of them"
      reading={executions}
      none={none}
      rows={rows.map(({ id, name, agentId, headSequence, error, createTime }) => (
        <li key={id} className={classes.row}>
          <div className={classes.what}>
            <Anchor
              size="sm"
              truncate
              renderRoot={(props) => (
                <Link to="/executions/$executionId" params={{ executionId: id }} {...props} />
              )}
            >
              {name || agentId}
            </Anchor>
            <Text size="xs" c={error ? "var(--tl-bad)" : "dimmed"} truncate>
              {error
                ? [error.type, error.message].filter(Boolean).join(": ")
                : `${agentId}, ${snapshotsOf(headSequence)}`}
            </Text>
          </div>
          {createTime !== undefined && <TimeAgo time={createTime} size="xs" />}
        </li>
      ))}
    />
  );
}

function snapshotsOf(count: number): string {
  return count === 1 ? "1 snapshot" : `${formatCount(count)} snapshots`;
}
