import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Workflow } from "@timeloom/client";
import { useWorkflowExecutions, useWorkflowStats, useWorkflows } from "@timeloom/client/react";
import { Play, Plus } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { offerCommands } from "../../../app/commands";
import { useShortcut } from "../../../app/shortcuts";
import { formatCount, formatShare } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { StatusBadge } from "../../../ui/StatusBadge";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { ButtonLink } from "../ButtonLink";
import { RunDialog } from "../RunDialog";
import { TextLink } from "../TextLink";
import { WorkflowsTabs } from "../WorkflowsTabs";
import { took } from "../words";
import { EnabledSwitch } from "./EnabledSwitch";

/** All workflows: how they stand, how they went, and what can be done with them. */
export function LibraryPage() {
  const search = useSearch({ from: "/workflows" });
  const navigate = useNavigate({ from: "/workflows" });
  const workflows = useWorkflows({ pageSize: 100, text: search.q, kind: search.kind });
  const columns = useColumns((run) => void navigate({ search: (before) => ({ ...before, run }) }));
  const design = () => void navigate({ to: "/workflows/new" });
  useShortcut({ keys: "n", label: "Design a workflow", group: "Workflows" }, design);
  useEffect(
    () =>
      offerCommands([
        {
          id: "new-workflow",
          label: "Design a workflow",
          onClick: () => void navigate({ to: "/workflows/new" }),
        },
      ]),
    [navigate],
  );
  const isNarrowed = search.q !== undefined || search.kind !== undefined;
  return (
    <Page
      title="Workflows"
      isFilling
      actions={
        <ButtonLink to="/workflows/new" leftSection={<Plus size={15} aria-hidden />}>
          New workflow
        </ButtonLink>
      }
      below={
        <>
          <WorkflowsTabs />
          <Group gap="sm">
            <SearchInput
              label="Search workflows"
              value={search.q ?? ""}
              w={280}
              onChange={(q) =>
                void navigate({ search: ({ q: _, ...rest }) => (q === "" ? rest : { ...rest, q }) })
              }
            />
            <SegmentedControl
              size="xs"
              aria-label="Kind"
              data={[
                { value: "", label: "All" },
                { value: "DAG", label: "Definitions" },
                { value: "CODE", label: "Code" },
              ]}
              value={search.kind ?? ""}
              onChange={(kind) =>
                void navigate({
                  search: ({ kind: _, ...rest }) =>
                    kind === "" ? rest : { ...rest, kind: kind as "DAG" | "CODE" },
                })
              }
            />
          </Group>
        </>
      }
    >
      {workflows.isPending ? (
        <LoadingState label="Loading workflows" />
      ) : workflows.isError ? (
        <ErrorState error={workflows.error} onRetry={() => void workflows.refetch()} />
      ) : (
        <VirtualTable
          label="Workflows"
          rows={workflows.data}
          keyOf={(each) => each.id}
          columns={columns}
          rowHeightPx={48}
          hasMore={workflows.hasNextPage}
          isLoadingMore={workflows.isFetchingNextPage}
          onLoadMore={() => void workflows.fetchNextPage()}
          hasShortcuts
          onOpen={(each) => void navigate({ to: "/workflows/$workflowId", params: { workflowId: each.id } })}
          empty={
            isNarrowed ? (
              <EmptyState
                title="No workflow has these words"
                text="Search for another part of an id or a description."
              />
            ) : (
              <EmptyState
                title="No workflows yet"
                text="Begin with a template, design one here, or apply a file with timeloom workflows apply."
              >
                <Group>
                  <ButtonLink to="/workflows/templates">Look at the templates</ButtonLink>
                  <ButtonLink to="/workflows/new" variant="default">
                    Design a workflow
                  </ButtonLink>
                </Group>
              </EmptyState>
            )
          }
        />
      )}
      <RunDialog
        workflowId={search.run}
        onClose={() => void navigate({ search: ({ run: _, ...rest }) => rest, replace: true })}
      />
    </Page>
  );
}

function useColumns(onRun: (workflowId: string) => void): readonly Column<Workflow>[] {
  const stats = useWorkflowStats();
  const [run] = useState(() => onRun);
  return useMemo(() => {
    const byId = new Map(stats.data?.workflows.map((each) => [each.workflowId, each]));
    const numbers = (workflow: Workflow) => byId.get(workflow.id);
    return [
      {
        key: "id",
        title: "Workflow",
        width: "minmax(140px, 3fr)",
        render: (each) => (
          <div style={{ minWidth: 0 }}>
            <TextLink to="/workflows/$workflowId" params={{ workflowId: each.id }}>
              {each.id}
            </TextLink>
            <Text size="xs" c="dimmed" truncate>
              {each.description || (each.kind === "CODE" ? "Code of a worker" : "No description")}
            </Text>
          </div>
        ),
      },
      {
        key: "version",
        title: "Version",
        width: "72px",
        align: "right",
        showFrom: 560,
        render: (each) => each.version,
      },
      {
        key: "last",
        title: "Last execution",
        width: "minmax(170px, 1.2fr)",
        render: (each) => <LastExecution workflowId={each.id} />,
      },
      {
        key: "day",
        title: "Last day",
        width: "84px",
        align: "right",
        showFrom: 760,
        render: (each) => {
          const found = numbers(each);
          return formatCount(
            found === undefined ? 0 : found.succeededCount + found.failedCount + found.runningCount,
          );
        },
      },
      {
        key: "failed",
        title: "Failed",
        width: "76px",
        align: "right",
        showFrom: 860,
        render: (each) => (numbers(each) === undefined ? "" : formatShare(numbers(each)?.failureRate ?? 0)),
      },
      {
        key: "p95",
        title: "p95",
        width: "84px",
        align: "right",
        showFrom: 960,
        render: (each) => {
          const found = numbers(each);
          return found === undefined || found.succeededCount === 0 ? "" : took(found.durationP95Ms);
        },
      },
      {
        key: "enabled",
        title: "Triggers",
        width: "76px",
        showFrom: 660,
        render: (each) => <EnabledSwitch workflow={each} />,
      },
      {
        key: "run",
        title: <span className="visually-hidden">Actions</span>,
        width: "84px",
        align: "right",
        showFrom: 460,
        render: (each) => (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Play size={12} aria-hidden />}
            aria-label={`Run ${each.id}`}
            onClick={() => run(each.id)}
          >
            Run
          </Button>
        ),
      },
    ];
  }, [stats.data, run]);
}

function LastExecution({ workflowId }: { workflowId: string }) {
  const newest = useWorkflowExecutions({ filter: { workflowIds: [workflowId] }, pageSize: 1 });
  const execution = newest.data?.[0];
  if (execution === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {newest.isSuccess ? "Never" : ""}
      </Text>
    );
  }
  return (
    <Group gap={8} wrap="nowrap">
      <Link
        to="/workflows/executions/$executionId"
        params={{ executionId: execution.id }}
        aria-label={`Last execution of ${workflowId}, ${execution.status.toLowerCase()}`}
        style={{ display: "inline-flex", textDecoration: "none" }}
      >
        <StatusBadge status={execution.status} />
      </Link>
      {execution.createTime !== undefined && <TimeAgo time={execution.createTime} truncate />}
    </Group>
  );
}
