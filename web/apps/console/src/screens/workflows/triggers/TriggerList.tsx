import { Group, Text } from "@mantine/core";
import type { Schemas } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { CalendarClock, Radio, Webhook } from "lucide-react";
import { formatAgo, formatDateTime, wordsOf } from "../../../ui/format";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo, useNow } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { TextLink } from "../TextLink";
import { WebhookSecret } from "./WebhookSecret";

type Trigger = Schemas["Trigger"];

const ICONS = { CRON: CalendarClock, EVENT: Radio, WEBHOOK: Webhook };

/** The triggers of one workflow, or of all. */
export function TriggerList({ workflowId = "" }: { workflowId?: string }) {
  const triggers = useApi().useQuery("get", "/api/workflows/triggers", {
    params: { query: { pageSize: 1000, ...(workflowId !== "" && { workflowId }) } },
  });
  if (triggers.isPending) return <LoadingState label="Loading triggers" />;
  if (triggers.isError) return <ErrorState error={triggers.error} onRetry={() => void triggers.refetch()} />;
  return (
    <VirtualTable
      label="Triggers"
      rows={triggers.data.triggers}
      keyOf={(each) => `${each.workflowId} ${each.index}`}
      columns={COLUMNS}
      rowHeightPx={44}
      empty={
        <EmptyState
          icon={CalendarClock}
          title="Nothing begins by itself"
          text="Add triggers to a definition: a schedule, the name of an event, or a webhook."
        />
      }
    />
  );
}

const COLUMNS: readonly Column<Trigger>[] = [
  {
    key: "type",
    title: "Trigger",
    width: "110px",
    render: (each) => {
      const Icon = ICONS[each.type as keyof typeof ICONS] ?? Radio;
      return (
        <Group gap={6} wrap="nowrap">
          <Icon size={14} aria-hidden />
          {each.type === "CRON" ? "Schedule" : wordsOf(each.type)}
        </Group>
      );
    },
  },
  {
    key: "workflow",
    title: "Workflow",
    width: "minmax(120px, 1fr)",
    render: (each) => (
      <TextLink to="/workflows/$workflowId" params={{ workflowId: each.workflowId }}>
        {each.workflowId}
      </TextLink>
    ),
  },
  {
    key: "expression",
    title: "When",
    width: "minmax(120px, 1.4fr)",
    render: (each) => (
      <div style={{ minWidth: 0 }}>
        <Text span className="mono" truncate display="block">
          {each.type === "WEBHOOK" ? each.path : each.expression}
        </Text>
        {each.timeZone !== "" && (
          <Text size="xs" c="dimmed">
            {each.timeZone}
          </Text>
        )}
      </div>
    ),
  },
  {
    key: "last",
    title: "Last",
    width: "90px",
    showFrom: 620,
    render: (each) => (each.lastFireTime === undefined ? "Never" : <TimeAgo time={each.lastFireTime} />),
  },
  {
    key: "next",
    title: "Next",
    width: "100px",
    showFrom: 700,
    render: (each) => (each.nextFireTime === undefined ? "" : <NextTime time={each.nextFireTime} />),
  },
  {
    key: "problem",
    title: "Problem",
    width: "minmax(90px, 1fr)",
    showFrom: 860,
    render: (each) => (
      <Text size="sm" c="var(--tl-bad)" truncate title={each.problem}>
        {each.problem}
      </Text>
    ),
  },
  {
    key: "secret",
    title: <span className="visually-hidden">Actions</span>,
    width: "96px",
    align: "right",
    showFrom: 480,
    render: (each) => each.type === "WEBHOOK" && <WebhookSecret trigger={each} />,
  },
];

function NextTime({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={formatDateTime(time)}>
      {formatAgo(time, now)}
    </time>
  );
}
