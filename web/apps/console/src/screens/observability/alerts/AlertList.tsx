import { Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Alert } from "@timeloom/client";
import { type Listing, useAlertControls } from "@timeloom/client/react";
import { BellOff, Check } from "lucide-react";
import { useMemo } from "react";
import { formatCount, wordsOf } from "../../../ui/format";
import { StatusBadge } from "../../../ui/StatusBadge";
import { EmptyState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import classes from "../shared/cells.module.css";

interface AlertListProps {
  readonly list: Listing<Alert>;
  readonly hasRules: boolean;
  readonly onOpen: (alert: Alert) => void;
  readonly onMake: () => void;
}

/** Alerts: those that fire, and those that did. */
export function AlertList({ list, hasRules, onOpen, onMake }: AlertListProps) {
  const columns = useMemo(() => [...COLUMNS, ACKNOWLEDGED], []);
  const rows = list.data ?? [];
  return (
    <VirtualTable
      label="Alerts"
      rows={rows}
      keyOf={keyOf}
      columns={columns}
      hasShortcuts
      onOpen={onOpen}
      hasMore={list.hasNextPage}
      isLoadingMore={list.isFetchingNextPage}
      onLoadMore={() => void list.fetchNextPage()}
      empty={
        hasRules ? (
          <EmptyState icon={BellOff} title="All quiet" text="No rule has raised an alert." />
        ) : (
          <EmptyState
            icon={BellOff}
            title="No rules yet"
            text="A rule holds a metric against a threshold, for everybody or for each agent, model or user, and tells a webhook or starts a workflow."
          >
            <Button size="xs" variant="light" onClick={onMake}>
              Make the first rule
            </Button>
          </EmptyState>
        )
      }
      foot={
        <Text size="xs" c="dimmed">
          {formatCount(rows.length)} loaded
        </Text>
      }
    />
  );
}

function keyOf(alert: Alert): string {
  return alert.id;
}

const COLUMNS: readonly Column<Alert>[] = [
  { key: "status", title: "Status", width: "92px", render: (alert) => <StatusBadge status={alert.status} /> },
  {
    key: "rule",
    title: "Rule",
    width: "minmax(130px, 2fr)",
    render: (alert) => (
      <>
        <span className={classes.strong}>{alert.ruleName}</span>{" "}
        <span className={classes.quiet}>{alert.group.join(", ")}</span>
      </>
    ),
  },
  {
    key: "severity",
    title: "Severity",
    width: "84px",
    showFrom: 620,
    render: (alert) => (alert.severity === "UNSPECIFIED" ? "" : wordsOf(alert.severity)),
  },
  {
    key: "fired",
    title: "Fired",
    width: "84px",
    align: "right",
    showFrom: 480,
    render: (alert) => alert.fireTime && <TimeAgo time={alert.fireTime} />,
  },
  {
    key: "resolved",
    title: "Resolved",
    width: "84px",
    align: "right",
    showFrom: 720,
    render: (alert) => alert.resolveTime && <TimeAgo time={alert.resolveTime} />,
  },
];

const ACKNOWLEDGED: Column<Alert> = {
  key: "acknowledged",
  title: "Seen",
  width: "140px",
  align: "right",
  render: (alert) => <Acknowledge alert={alert} />,
};

/** Notes that somebody has seen an alert, or says when somebody did. */
export function Acknowledge({ alert }: { alert: Alert }) {
  const { acknowledge } = useAlertControls();
  if (alert.acknowledgeTime !== undefined) return <TimeAgo time={alert.acknowledgeTime} />;
  const note = () =>
    acknowledge.mutate(
      { alertId: alert.id },
      {
        onError: (error) =>
          notifications.show({ color: "red", title: "It is not acknowledged", message: error.message }),
      },
    );
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Check size={13} aria-hidden />}
      loading={acknowledge.isPending}
      onClick={note}
    >
      Acknowledge
    </Button>
  );
}
