import { Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { TelemetrySession } from "@timeloom/client";
import { useTelemetrySessions } from "@timeloom/client/react";
import { formatCost, formatCount, formatDuration } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import panel from "../event/SidePanel.module.css";
import classes from "../shared/cells.module.css";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";

const NONE: readonly TelemetrySession[] = [];

const COLUMNS: readonly Column<TelemetrySession>[] = [
  {
    key: "id",
    title: "Session",
    width: "minmax(120px, 1.6fr)",
    render: (session) => <span className={classes.strong}>{session.id}</span>,
  },
  { key: "user", title: "User", width: "minmax(70px, 0.8fr)", render: (session) => session.userId },
  {
    key: "agents",
    title: "Agents",
    width: "minmax(100px, 1.2fr)",
    showFrom: 820,
    render: (session) => <span className={classes.quiet}>{session.agentIds.join(", ")}</span>,
  },
  {
    key: "traces",
    title: "Traces",
    width: "70px",
    align: "right",
    render: (session) => formatCount(session.traceCount),
  },
  {
    key: "failed",
    title: "Failed",
    width: "70px",
    align: "right",
    showFrom: 560,
    render: (session) =>
      session.errorCount > 0 && <span className={classes.bad}>{formatCount(session.errorCount)}</span>,
  },
  {
    key: "tokens",
    title: "Tokens",
    width: "80px",
    align: "right",
    showFrom: 700,
    render: (session) => session.usage && formatCount(session.usage.totalTokens),
  },
  {
    key: "cost",
    title: "Cost",
    width: "80px",
    align: "right",
    showFrom: 480,
    render: (session) => session.cost && formatCost(session.cost.total),
  },
  {
    key: "length",
    title: "Over",
    width: "80px",
    align: "right",
    showFrom: 900,
    render: (session) =>
      session.startTime &&
      session.lastTime &&
      formatDuration(Date.parse(session.lastTime) - Date.parse(session.startTime)),
  },
  {
    key: "last",
    title: "Last",
    width: "92px",
    align: "right",
    render: (session) => session.lastTime && <TimeAgo time={session.lastTime} />,
  },
];

/** Conversations, the one that went on last first; each opens its traces. */
export function SessionsPage() {
  const search = useSearch({ from: "/observability/sessions" });
  const navigate = useNavigate({ from: "/observability/sessions" });
  const list = useTelemetrySessions({ userId: search.user });
  const rows = list.data ?? NONE;
  return (
    <Page
      title="Sessions"
      isFilling
      below={
        <>
          <ObservabilityTabs />
          <SearchInput
            label="Sessions of a user"
            placeholder="User, exactly"
            value={search.user ?? ""}
            onChange={(user) => void navigate({ search: user === "" ? {} : { user }, replace: true })}
            w={240}
          />
        </>
      }
    >
      {list.isPending ? (
        <LoadingState label="Loading sessions" />
      ) : list.isError ? (
        <ErrorState error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <div className={panel.main} style={{ height: "100%" }}>
          <VirtualTable
            label="Sessions"
            rows={rows}
            keyOf={keyOf}
            columns={COLUMNS}
            hasShortcuts
            hasMore={list.hasNextPage}
            isLoadingMore={list.isFetchingNextPage}
            onLoadMore={() => void list.fetchNextPage()}
            onOpen={({ id }) =>
              void navigate({ to: "/observability/traces", search: { sessionId: id, range: "90d" } })
            }
            empty={
              <EmptyState
                title={search.user === undefined ? "No sessions yet" : "This user has no sessions"}
                text="A session is a conversation: what an agent does within timeloom.observe.session(…) names it."
              />
            }
            foot={
              <Text size="xs" c="dimmed">
                {formatCount(rows.length)} loaded{list.hasNextPage ? ", more as you scroll" : ""}
              </Text>
            }
          />
        </div>
      )}
    </Page>
  );
}

function keyOf(session: TelemetrySession): string {
  return session.id;
}
