import { Button, Group, Select, Text, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useWorkflowExecutions } from "@timeloom/client/react";
import { FilterX } from "lucide-react";
import { useState } from "react";
import { formatCount, wordsOf } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { VirtualTable } from "../../../ui/VirtualTable";
import { EXECUTION_STATUSES, TRIGGERS, WAIT_REASONS } from "../routes";
import { WorkflowsTabs } from "../WorkflowsTabs";
import { BatchBar } from "./BatchBar";
import { EXECUTION_COLUMNS } from "./columns";
import { StatusFilter } from "./StatusFilter";

const route = getRouteApi("/workflows/executions");

/** Workflow executions: narrowed by the URL, live, and controlled one by one or together. */
export function ExecutionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const filter = {
    workflowIds: search.workflow === undefined ? undefined : [search.workflow],
    statuses: search.statuses,
    waitingFor: search.waiting,
    trigger: search.trigger,
    tags: search.tag === undefined ? undefined : [search.tag],
  };
  const executions = useWorkflowExecutions({ filter, pageSize: 200 });
  const isNarrowed = Object.keys(search).length > 0;
  const narrow = (change: Partial<Record<keyof typeof search, unknown>>) => {
    setSelected(new Set());
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined && value !== ""),
        ) as typeof search,
      replace: true,
    });
  };
  const choices = (names: readonly string[]) => names.map((value) => ({ value, label: wordsOf(value) }));
  return (
    <Page
      title="Workflow executions"
      isFilling
      below={
        <>
          <WorkflowsTabs />
          <Group gap="xs">
            <StatusFilter
              statuses={EXECUTION_STATUSES}
              selected={search.statuses ?? []}
              onChange={(statuses) => narrow({ statuses: statuses.length === 0 ? undefined : statuses })}
            />
            <WorkflowFilter value={search.workflow ?? ""} onChange={(workflow) => narrow({ workflow })} />
            <Select
              size="xs"
              w={150}
              aria-label="Waiting for"
              placeholder="Waiting for"
              clearable
              clearButtonProps={{ "aria-label": "Waiting for anything" }}
              data={choices(WAIT_REASONS)}
              value={search.waiting ?? null}
              onChange={(waiting) => narrow({ waiting: waiting ?? undefined })}
            />
            <Select
              size="xs"
              w={130}
              aria-label="Begun by"
              placeholder="Begun by"
              clearable
              clearButtonProps={{ "aria-label": "Begun by anything" }}
              data={choices(TRIGGERS)}
              value={search.trigger ?? null}
              onChange={(trigger) => narrow({ trigger: trigger ?? undefined })}
            />
            {isNarrowed && (
              <Button
                size="compact-sm"
                variant="subtle"
                leftSection={<FilterX size={14} aria-hidden />}
                onClick={() => void navigate({ search: {}, replace: true })}
              >
                All executions
              </Button>
            )}
            <BatchBar filter={filter} selected={selected} onDone={() => setSelected(new Set())} />
          </Group>
        </>
      }
    >
      {executions.isPending ? (
        <LoadingState label="Loading workflow executions" />
      ) : executions.isError ? (
        <ErrorState error={executions.error} onRetry={() => void executions.refetch()} />
      ) : (
        <VirtualTable
          label="Workflow executions"
          rows={executions.data}
          keyOf={(each) => each.id}
          columns={EXECUTION_COLUMNS}
          selected={selected}
          onSelect={setSelected}
          hasMore={executions.hasNextPage}
          isLoadingMore={executions.isFetchingNextPage}
          onLoadMore={() => void executions.fetchNextPage()}
          hasShortcuts
          onOpen={(each) =>
            void navigate({ to: "/workflows/executions/$executionId", params: { executionId: each.id } })
          }
          empty={
            <EmptyState
              title={isNarrowed ? "No execution is like this" : "No workflow executions yet"}
              text={
                isNarrowed
                  ? "Take a filter away to see more."
                  : "An execution begins when a workflow is run, or one of its triggers fires."
              }
            />
          }
          foot={
            <Text size="xs" c="dimmed" role="status">
              {formatCount(executions.data.length)} loaded
              {selected.size > 0 && `, ${formatCount(selected.size)} chosen`}
            </Text>
          }
        />
      )}
    </Page>
  );
}

function WorkflowFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState<string>();
  const settle = () => {
    if (text !== undefined && text.trim() !== value) onChange(text.trim());
    setText(undefined);
  };
  return (
    <TextInput
      size="xs"
      w={180}
      aria-label="Workflow id"
      placeholder="Workflow id"
      maxLength={128}
      value={text ?? value}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={(event) => event.key === "Enter" && settle()}
    />
  );
}
