import { Text } from "@mantine/core";
import type { WorkflowExecution } from "@timeloom/client";
import { wordsOf } from "../../../ui/format";
import { Id } from "../../../ui/Id";
import { StatusBadge } from "../../../ui/StatusBadge";
import { TimeAgo } from "../../../ui/Time";
import type { Column } from "../../../ui/VirtualTable";
import { TextLink } from "../TextLink";
import { begunBy, took } from "../words";

/** What an execution waits for, or why it failed. */
export function reasonOf(execution: WorkflowExecution): string {
  if (execution.cancelling) return "Is being undone";
  if (execution.error !== undefined) return execution.error.message;
  if (execution.status !== "PENDING" && execution.status !== "RUNNING") return "";
  return execution.waitingFor === "UNSPECIFIED"
    ? ""
    : `Waits for ${wordsOf(execution.waitingFor).toLowerCase()}`;
}

/** How long an execution took, or what it has taken until now. */
export function durationOf(execution: WorkflowExecution): string {
  if (execution.startTime === undefined || execution.endTime === undefined) return "";
  return took(Date.parse(execution.endTime) - Date.parse(execution.startTime));
}

export const EXECUTION_COLUMNS: readonly Column<WorkflowExecution>[] = [
  {
    key: "status",
    title: "Status",
    width: "108px",
    render: (each) => <StatusBadge status={each.status} />,
  },
  {
    key: "workflow",
    title: "Workflow",
    width: "minmax(130px, 1.3fr)",
    render: (each) => (
      <TextLink to="/workflows/executions/$executionId" params={{ executionId: each.id }} tabIndex={-1}>
        {each.workflowId}
      </TextLink>
    ),
  },
  {
    key: "reason",
    title: "Now",
    width: "minmax(120px, 2fr)",
    showFrom: 620,
    render: (each) => (
      <Text size="sm" truncate c={each.status === "FAILED" ? "var(--tl-bad)" : "dimmed"}>
        {reasonOf(each)}
      </Text>
    ),
  },
  {
    key: "steps",
    title: "Steps",
    width: "72px",
    align: "right",
    showFrom: 720,
    render: (each) => `${each.succeededStepCount}/${each.stepCount}`,
  },
  {
    key: "version",
    title: "Version",
    width: "68px",
    align: "right",
    showFrom: 900,
    render: (each) => each.workflowVersion,
  },
  {
    key: "trigger",
    title: "Begun by",
    width: "92px",
    showFrom: 820,
    render: begunBy,
  },
  {
    key: "duration",
    title: "Took",
    width: "84px",
    align: "right",
    showFrom: 520,
    render: durationOf,
  },
  {
    key: "created",
    title: "Created",
    width: "104px",
    render: (each) => (each.createTime === undefined ? "" : <TimeAgo time={each.createTime} />),
  },
  { key: "id", title: "Id", width: "128px", showFrom: 980, render: (each) => <Id value={each.id} /> },
];
