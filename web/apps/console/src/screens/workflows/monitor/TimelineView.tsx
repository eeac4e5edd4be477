import { Text } from "@mantine/core";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useMemo } from "react";
import { StatusBadge } from "../../../ui/StatusBadge";
import { EmptyState } from "../../../ui/states";
import { useNow } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { took } from "../words";
import classes from "./monitor.module.css";

/** The steps of an execution along its time, as they began. */
export function TimelineView({
  execution,
  steps,
  selected,
  onSelect,
}: {
  execution: WorkflowExecution;
  steps: readonly Step[];
  selected: string | undefined;
  onSelect: (step: string | undefined) => void;
}) {
  const now = useNow();
  const rows = useMemo(() => nestedOf(steps), [steps]);
  const columns = useMemo(() => columnsFor(execution, steps, now), [execution, steps, now]);
  return (
    <VirtualTable
      label="Steps along the time"
      rows={rows}
      keyOf={(each) => each.id}
      columns={columns}
      activeKey={selected}
      hasShortcuts
      onOpen={(each) => onSelect(each.id)}
      empty={<EmptyState title="No step has begun" text="Steps stand here as soon as they begin." />}
      foot={
        execution.stepCount > steps.length ? (
          <Text size="xs" c="dimmed">
            The first {steps.length} of {execution.stepCount} steps. The history has all of them.
          </Text>
        ) : undefined
      }
    />
  );
}

function columnsFor(
  execution: WorkflowExecution,
  steps: readonly Step[],
  now: number,
): readonly Column<Step>[] {
  const begin = Math.min(
    ...steps.flatMap(({ startTime }) => (startTime === undefined ? [] : [Date.parse(startTime)])),
  );
  const ends = steps.flatMap(({ endTime }) => (endTime === undefined ? [] : [Date.parse(endTime)]));
  const end = Math.max(begin + 1, ...ends, ...(execution.endTime === undefined ? [now] : []));
  const share = (time: number) => (100 * (time - begin)) / (end - begin);
  return [
    {
      key: "step",
      title: "Step",
      width: "minmax(140px, 1.2fr)",
      render: (each) => (
        <Text size="sm" truncate style={{ paddingInlineStart: 14 * depthOf(each) }} title={each.id}>
          {each.id}
        </Text>
      ),
    },
    {
      key: "status",
      title: "Status",
      width: "112px",
      render: (each) => <StatusBadge status={each.status} />,
    },
    {
      key: "tries",
      title: "Tries",
      width: "52px",
      align: "right",
      showFrom: 640,
      render: (each) => each.attempt || "",
    },
    {
      key: "took",
      title: "Took",
      width: "84px",
      align: "right",
      showFrom: 440,
      render: (each) => tookOf(each),
    },
    {
      key: "bar",
      title: "When",
      width: "minmax(140px, 3fr)",
      showFrom: 520,
      render: (each) => {
        if (each.startTime === undefined) return <div className={classes.track} />;
        const left = share(Date.parse(each.startTime));
        const right = share(each.endTime === undefined ? now : Date.parse(each.endTime));
        return (
          <div className={classes.track}>
            <div
              className={classes.bar}
              data-status={each.status}
              style={{ left: `${Math.min(left, 99.5)}%`, width: `${Math.max(0.5, right - left)}%` }}
            />
          </div>
        );
      },
    },
  ];
}

function depthOf(step: Step): number {
  return step.parentId === "" ? 0 : step.parentId.split(".").length;
}

/** Steps with those within them right below, each list in the order in which they began. */
function nestedOf(steps: readonly Step[]): Step[] {
  const within = new Map<string, Step[]>();
  for (const step of steps) within.set(step.parentId, [...(within.get(step.parentId) ?? []), step]);
  const known = new Set(steps.map((each) => each.id));
  const visit = (parent: string): Step[] =>
    (within.get(parent) ?? []).flatMap((step) => [step, ...visit(step.id)]);
  // What is within a step that was not loaded stands at the end.
  const lost = [...within.keys()].filter((parent) => parent !== "" && !known.has(parent));
  return ["", ...lost].flatMap(visit);
}

/** How long a step took; empty while it has not ended. */
export function tookOf(step: Step): string {
  if (step.startTime === undefined || step.endTime === undefined) return "";
  return took(Date.parse(step.endTime) - Date.parse(step.startTime));
}
