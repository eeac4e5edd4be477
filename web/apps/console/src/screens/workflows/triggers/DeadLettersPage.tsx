import { ActionIcon, Button, Group, Switch, Text, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { DeadLetter } from "@timeloom/client";
import { invalidatePaths, useApi, useDeadLetters } from "@timeloom/client/react";
import { CircleCheck, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Page } from "../../../ui/Page";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { TextLink } from "../TextLink";
import { told } from "../told";
import { WorkflowsTabs } from "../WorkflowsTabs";

/** Work that was given up, to be looked at and tried again. */
export function DeadLettersPage() {
  const [includeRedriven, setIncludeRedriven] = useState(false);
  const letters = useDeadLetters({ includeRedriven, pageSize: 100 });
  return (
    <Page
      title="Dead letters"
      description="Work whose worker died again and again, and events that could not be handled. Nothing else waits for it."
      isFilling
      below={
        <>
          <WorkflowsTabs />
          <Switch
            size="xs"
            label="Those that were tried again, too"
            checked={includeRedriven}
            onChange={(event) => setIncludeRedriven(event.currentTarget.checked)}
          />
        </>
      }
    >
      {letters.isPending ? (
        <LoadingState label="Loading dead letters" />
      ) : letters.isError ? (
        <ErrorState error={letters.error} onRetry={() => void letters.refetch()} />
      ) : (
        <VirtualTable
          label="Dead letters"
          rows={letters.data}
          keyOf={(each) => each.id}
          columns={COLUMNS}
          hasMore={letters.hasNextPage}
          isLoadingMore={letters.isFetchingNextPage}
          onLoadMore={() => void letters.fetchNextPage()}
          empty={
            <EmptyState
              icon={CircleCheck}
              title="No work was given up"
              text="What fails for good without an end stands here."
            />
          }
        />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  {
    key: "workflow",
    title: "Workflow",
    width: "minmax(120px, 1fr)",
    render: (each) =>
      each.executionId === "" ? (
        `Event ${each.eventId}`
      ) : (
        <TextLink to="/workflows/executions/$executionId" params={{ executionId: each.executionId }}>
          {each.workflowId} {each.stepId !== "" && `· ${each.stepId}`}
        </TextLink>
      ),
  },
  {
    key: "error",
    title: "Error",
    width: "minmax(140px, 2fr)",
    render: (each) => (
      <Text size="sm" truncate title={each.error?.message}>
        {each.error?.message}
      </Text>
    ),
  },
  {
    key: "created",
    title: "Given up",
    width: "100px",
    showFrom: 560,
    render: (each) => (each.createTime === undefined ? "" : <TimeAgo time={each.createTime} />),
  },
  {
    key: "redriven",
    title: "Tried again",
    width: "100px",
    showFrom: 700,
    render: (each) => (each.redriveTime === undefined ? "Not yet" : <TimeAgo time={each.redriveTime} />),
  },
  {
    key: "actions",
    title: <span className="visually-hidden">Actions</span>,
    width: "124px",
    align: "right",
    render: (each) => <LetterActions letter={each} />,
  },
];

function LetterActions({ letter }: { letter: DeadLetter }) {
  const api = useApi();
  const queries = useQueryClient();
  const onSettled = () => void invalidatePaths(queries, ["/api/workflows"]);
  const redrive = api.useMutation("post", "/api/workflows/dead-letters/{deadLetterId}:redrive", {
    onSettled,
  });
  const remove = api.useMutation("delete", "/api/workflows/dead-letters/{deadLetterId}", { onSettled });
  const params = { path: { deadLetterId: letter.id } };
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<RotateCcw size={12} aria-hidden />}
        loading={redrive.isPending}
        onClick={() => redrive.mutate({ params, body: {} }, told("It is tried again."))}
      >
        Try again
      </Button>
      <Tooltip label="Forget it">
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          aria-label="Forget it"
          onClick={() => remove.mutate({ params }, told("It is forgotten."))}
        >
          <Trash2 size={14} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
