import { Group } from "@mantine/core";
import type { Trace } from "@timeloom/client";
import { formatCost, formatCount, formatDuration } from "../../../ui/format";
import { StatusBadge } from "../../../ui/StatusBadge";
import { TimeAgo } from "../../../ui/Time";
import type { Column } from "../../../ui/VirtualTable";
import classes from "../shared/cells.module.css";
import { KindIcon } from "../shared/KindIcon";

/** What a list of traces shows of each. */
export const TRACE_COLUMNS: readonly Column<Trace>[] = [
  {
    key: "name",
    title: "Trace",
    width: "minmax(150px, 2.4fr)",
    render: (trace) => (
      <Group gap={7} wrap="nowrap">
        <KindIcon event={{ type: "SPAN", kind: trace.kind }} />
        <span className={classes.strong}>{trace.name || "no root yet"}</span>
        <span className={classes.quiet}>{trace.inputPreview}</span>
      </Group>
    ),
  },
  { key: "status", title: "Status", width: "80px", render: (trace) => <StatusBadge status={trace.status} /> },
  {
    key: "agent",
    title: "Agent",
    width: "minmax(80px, 0.7fr)",
    showFrom: 900,
    render: (trace) => trace.agentId,
  },
  {
    key: "models",
    title: "Models",
    width: "minmax(90px, 0.9fr)",
    showFrom: 1040,
    render: (trace) => <span className={classes.quiet}>{trace.models.join(", ")}</span>,
  },
  {
    key: "failed",
    title: "Failed",
    width: "64px",
    align: "right",
    showFrom: 820,
    render: (trace) =>
      trace.errorCount > 0 && <span className={classes.bad}>{formatCount(trace.errorCount)}</span>,
  },
  {
    key: "spans",
    title: "Spans",
    width: "70px",
    align: "right",
    showFrom: 640,
    render: (trace) => formatCount(trace.spanCount),
  },
  {
    key: "tokens",
    title: "Tokens",
    width: "80px",
    align: "right",
    showFrom: 760,
    isSortable: true,
    render: (trace) => trace.usage && formatCount(trace.usage.totalTokens),
  },
  {
    key: "cost",
    title: "Cost",
    width: "80px",
    align: "right",
    showFrom: 700,
    isSortable: true,
    render: (trace) => trace.cost && formatCost(trace.cost.total),
  },
  {
    key: "duration",
    title: "Duration",
    width: "86px",
    align: "right",
    isSortable: true,
    render: (trace) => formatDuration(trace.durationMs),
  },
  {
    key: "start_time",
    title: "Began",
    width: "92px",
    align: "right",
    showFrom: 480,
    isSortable: true,
    render: (trace) => trace.startTime && <TimeAgo time={trace.startTime} />,
  },
];
