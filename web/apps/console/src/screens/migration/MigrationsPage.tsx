import { Button, Progress, Text } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Migration } from "@timeloom/client";
import { useMigrations } from "@timeloom/client/react";
import { ArrowRightLeft, Plus } from "lucide-react";
import { formatCount, formatShare } from "../../ui/format";
import { Page } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import { TimeAgo } from "../../ui/Time";
import { type Column, VirtualTable } from "../../ui/VirtualTable";

const COLUMNS: readonly Column<Migration>[] = [
  {
    key: "status",
    title: "Status",
    width: "130px",
    render: (migration) => <StatusBadge status={migration.status} />,
  },
  {
    key: "source",
    title: "From",
    width: "minmax(160px, 2fr)",
    render: ({ source }) => (
      <Text size="sm" truncate>
        {source?.app || source?.origin || "An export"}{" "}
        <Text span size="sm" c="dimmed">
          {source?.app ? source.origin : ""}
        </Text>
      </Text>
    ),
  },
  {
    key: "user",
    title: "User",
    width: "minmax(80px, 1fr)",
    showFrom: 620,
    render: ({ source }) => source?.userId,
  },
  {
    key: "records",
    title: "Records",
    width: "90px",
    align: "right",
    render: ({ recordCount }) => <span className="mono">{formatCount(recordCount)}</span>,
  },
  {
    key: "progress",
    title: "Progress",
    width: "150px",
    showFrom: 620,
    render: ({ progress, status }) => (
      <Progress
        w="100%"
        value={progress * 100}
        color={status === "FAILED" ? "red" : "copper"}
        aria-label={`Progress ${formatShare(progress)}`}
      />
    ),
  },
  {
    key: "when",
    title: "Began",
    width: "100px",
    align: "right",
    render: ({ createTime }) => (createTime ? <TimeAgo time={createTime} /> : null),
  },
];

/** All migrations, newest first. */
export function MigrationsPage() {
  const navigate = useNavigate();
  const migrations = useMigrations();
  const begin = (
    <Button component={Link} to="/migrations/new" leftSection={<Plus size={15} aria-hidden />}>
      New migration
    </Button>
  );
  return (
    <Page
      title="Migration"
      description="What apps kept in the browser comes over: planned before, verified after, taken back if need be."
      actions={begin}
      isFilling
    >
      {migrations.isPending && <LoadingState />}
      {migrations.isError && (
        <ErrorState error={migrations.error} onRetry={() => void migrations.refetch()} />
      )}
      {migrations.data?.length === 0 && (
        <EmptyState
          icon={ArrowRightLeft}
          title="No migrations yet"
          text="Bring tasks, environments, preferences, sessions and memories that an app kept in localStorage and IndexedDB over to Timeloom. A plan shows what would become of each, and changes nothing."
        >
          {begin}
        </EmptyState>
      )}
      {migrations.data !== undefined && migrations.data.length > 0 && (
        <VirtualTable
          label="Migrations"
          rows={migrations.data}
          keyOf={(migration) => migration.id}
          columns={COLUMNS}
          hasShortcuts
          hasMore={migrations.hasNextPage}
          isLoadingMore={migrations.isFetchingNextPage}
          onLoadMore={() => void migrations.fetchNextPage()}
          onOpen={({ id }) => void navigate({ to: "/migrations/$migrationId", params: { migrationId: id } })}
        />
      )}
    </Page>
  );
}
