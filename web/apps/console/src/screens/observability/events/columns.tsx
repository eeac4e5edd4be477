import { Group } from "@mantine/core";
import type { TelemetryEvent } from "@timeloom/client";
import { CircleX } from "lucide-react";
import { formatClock, formatCost, formatCount, formatDateTime, formatDuration } from "../../../ui/format";
import type { Column } from "../../../ui/VirtualTable";
import classes from "../shared/cells.module.css";
import { KindIcon } from "../shared/KindIcon";

/** What an event is about, in one line. */
function sayingOf(event: TelemetryEvent): string {
  if (event.message !== "") return event.message;
  return event.outputPreview || event.inputPreview;
}

/** What a list of events shows of each. */
export const EVENT_COLUMNS: readonly Column<TelemetryEvent>[] = [
  {
    key: "start_time",
    title: "Time",
    width: "104px",
    isSortable: true,
    render: ({ startTime }) =>
      startTime && (
        <span className={classes.clock} title={formatDateTime(startTime)}>
          {formatClock(startTime)}
        </span>
      ),
  },
  {
    key: "name",
    title: "Event",
    width: "minmax(140px, 1.4fr)",
    render: (event) => (
      <Group gap={7} wrap="nowrap">
        <KindIcon event={event} />
        <span className={classes.name}>{event.name || event.message}</span>
        {event.status === "ERROR" && (
          <span className={classes.failed}>
            <CircleX size={13} role="img" aria-label="failed" />
            {event.errorType}
          </span>
        )}
      </Group>
    ),
  },
  {
    key: "saying",
    title: "Says",
    width: "minmax(120px, 2fr)",
    showFrom: 700,
    render: (event) => <span className={classes.quiet}>{sayingOf(event)}</span>,
  },
  {
    key: "agent",
    title: "Agent",
    width: "minmax(70px, 0.6fr)",
    showFrom: 860,
    render: (event) => <span className={classes.quiet}>{event.agentId}</span>,
  },
  {
    key: "tokens",
    title: "Tokens",
    width: "70px",
    align: "right",
    showFrom: 760,
    isSortable: true,
    render: ({ usage }) => usage && usage.totalTokens > 0 && formatCount(usage.totalTokens),
  },
  {
    key: "cost",
    title: "Cost",
    width: "76px",
    align: "right",
    showFrom: 820,
    isSortable: true,
    render: ({ cost }) => cost && formatCost(cost.total),
  },
  {
    key: "duration",
    title: "Duration",
    width: "80px",
    align: "right",
    isSortable: true,
    render: (event) => event.endTime !== event.startTime && formatDuration(event.durationMs),
  },
];
