import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useWorkflowExecutions } from "@timeloom/client/react";
import { TimeAgo } from "../../ui/Time";
import { Card } from "./Card";
import classes from "./Home.module.css";

const ROWS_MAX = 6;

/** Workflow executions that wait for somebody to decide. */
export function Approvals() {
  const waiting = useWorkflowExecutions({ filter: { waitingFor: "APPROVAL" }, pageSize: ROWS_MAX });
  const rows = waiting.data?.slice(0, ROWS_MAX) ?? [];
  return (
    <Card
      title="Waiting for you"
      to={{ to: "/workflows/approvals" }}
      all="All approvals"
      reading={waiting}
      none="No workflow asks for a decision."
      rows={rows.map(({ id, workflowId, createTime }) => (
        <li key={id} className={classes.row}>
          <div className={classes.what}>
            <Anchor
              size="sm"
              truncate
              renderRoot={(props) => (
                <Link to="/workflows/executions/$executionId" params={{ executionId: id }} {...props} />
              )}
            >
              {workflowId}
            </Anchor>
            <Text size="xs" c="dimmed">
              Asks for an approval
            </Text>
          </div>
          {createTime !== undefined && <TimeAgo time={createTime} size="xs" />}
        </li>
      ))}
    />
  );
}
