import { Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas, Workflow } from "@timeloom/client";
import { useWorkflowStats } from "@timeloom/client/react";
import { ChartColumn } from "lucide-react";
import { useMemo } from "react";
import { formatCount, formatShare } from "../../../ui/format";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { took } from "../words";
import classes from "./StatisticsView.module.css";

type Stats = Schemas["WorkflowStats"];

const route = getRouteApi("/workflows/$workflowId");
const HOUR_MS = 3_600_000;
const PERIODS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS };

/** How the executions of a workflow went: together, by version, and step by step. */
export function StatisticsView({ workflow }: { workflow: Workflow }) {
  const { period = "day" } = route.useSearch();
  const navigate = route.useNavigate();
  // To the minute, so that the same question has the same answer for a while.
  const createdAfter = useMemo(
    () => new Date(Math.floor(Date.now() / 60_000) * 60_000 - PERIODS[period]).toISOString(),
    [period],
  );
  const stats = useWorkflowStats({
    workflowIds: [workflow.id],
    createdAfter,
    byVersion: true,
    includeSteps: true,
  });
  return (
    <Stack gap="md" h="100%" style={{ overflow: "auto" }}>
      <SegmentedControl
        size="xs"
        aria-label="Period"
        style={{ alignSelf: "flex-start", flex: "none" }}
        data={[
          { value: "hour", label: "Last hour" },
          { value: "day", label: "Day" },
          { value: "week", label: "Week" },
          { value: "month", label: "30 days" },
        ]}
        value={period}
        onChange={(next) =>
          void navigate({
            search: ({ period: _, ...rest }) =>
              next === "hour" || next === "week" || next === "month" ? { ...rest, period: next } : rest,
            replace: true,
          })
        }
      />
      {stats.isPending ? (
        <LoadingState label="Counting" />
      ) : stats.isError ? (
        <ErrorState error={stats.error} onRetry={() => void stats.refetch()} />
      ) : stats.data.workflows.length === 0 || stats.data.total === undefined ? (
        <EmptyState
          icon={ChartColumn}
          title="Nothing ran in this time"
          text="Choose a longer one, or run the workflow."
        />
      ) : (
        <>
          <Figures total={stats.data.total} />
          <StatsTable
            title="By version"
            of={(each) => String(each.workflowVersion)}
            head="Version"
            rows={stats.data.workflows}
          />
          <StatsTable
            title="By step"
            of={(each) => each.stepId}
            head="Step"
            rows={merged(stats.data.steps)}
          />
        </>
      )}
    </Stack>
  );
}

/** Steps of the newest version that has them: an old one's figures are those of the version. */
function merged(steps: readonly Stats[]): Stats[] {
  const newest = new Map<string, Stats>();
  for (const each of steps) {
    const known = newest.get(each.stepId);
    if (known === undefined || known.workflowVersion < each.workflowVersion) newest.set(each.stepId, each);
  }
  return [...newest.values()];
}

function Figures({ total }: { total: Stats }) {
  const ended = total.succeededCount + total.failedCount;
  const figures = [
    {
      label: "Succeeded",
      value: formatCount(total.succeededCount),
      more: ended > 0 ? formatShare(1 - total.failureRate) : "",
    },
    {
      label: "Failed",
      value: formatCount(total.failedCount),
      more: ended > 0 ? formatShare(total.failureRate) : "",
    },
    {
      label: "Going on",
      value: formatCount(total.runningCount + total.waitingCount + total.pendingCount + total.pausedCount),
      more: total.waitingCount > 0 ? `${formatCount(total.waitingCount)} wait` : "",
    },
    {
      label: "Median duration",
      value: took(total.durationP50Ms),
      more: `p95 ${took(total.durationP95Ms)}`,
    },
    {
      label: "Waited to begin",
      value: took(total.queueP50Ms),
      more: `p99 ${took(total.queueP99Ms)}`,
    },
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
      {figures.map((each) => (
        <Paper key={each.label} p="sm" radius="md" bg="var(--tl-raised)">
          <Text size="xs" c="dimmed">
            {each.label}
          </Text>
          <Group gap={8} align="baseline">
            <Text size="xl" fw={600}>
              {each.value}
            </Text>
            <Text size="xs" c="dimmed">
              {each.more}
            </Text>
          </Group>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function StatsTable({
  title,
  head,
  of,
  rows,
}: {
  title: string;
  head: string;
  of: (row: Stats) => string;
  rows: readonly Stats[];
}) {
  if (rows.length === 0) return null;
  const slowest = Math.max(...rows.map((each) => each.durationP95Ms), 1e-9);
  return (
    <section>
      <Title order={2} mb={6}>
        {title}
      </Title>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
      <div className={classes.frame} tabIndex={0}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{head}</th>
              <th scope="col">Succeeded</th>
              <th scope="col">Failed</th>
              <th scope="col">Failure rate</th>
              <th scope="col">Tried again</th>
              <th scope="col">p50</th>
              <th scope="col">p95</th>
              <th scope="col" className={classes.wide}>
                p95, compared
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((each) => (
              <tr key={`${each.workflowVersion} ${each.stepId}`}>
                <th scope="row">{of(each)}</th>
                <td>{formatCount(each.succeededCount)}</td>
                <td data-bad={each.failedCount > 0 || undefined}>{formatCount(each.failedCount)}</td>
                <td>{formatShare(each.failureRate)}</td>
                <td>{formatCount(each.retryCount)}</td>
                <td>{took(each.durationP50Ms)}</td>
                <td>{took(each.durationP95Ms)}</td>
                <td className={classes.wide}>
                  <div
                    className={classes.bar}
                    style={{ width: `${(100 * each.durationP95Ms) / slowest}%` }}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
