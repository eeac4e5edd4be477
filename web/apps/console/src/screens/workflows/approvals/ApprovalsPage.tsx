import { Badge, Button, Group, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflowControls, useWorkflowExecutions, useWorkflowSteps } from "@timeloom/client/react";
import { Check, Hourglass, X } from "lucide-react";
import { useState } from "react";
import { formatAgo, formatDateTime } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { Problem } from "../../../ui/Problem";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { useNow } from "../../../ui/Time";
import { TextLink } from "../TextLink";
import { told } from "../told";
import { WorkflowsTabs } from "../WorkflowsTabs";

/** So many executions are shown at once. */
const PAGE = 25;

/** What waits for people to decide, the oldest first. */
export function ApprovalsPage() {
  const waiting = useWorkflowExecutions({
    filter: { waitingFor: "APPROVAL" },
    pageSize: PAGE,
    orderBy: "createTime asc",
  });
  return (
    <Page
      title="Approvals"
      description="What workflows ask people. A decision is kept with who made it, and the workflow goes on."
      below={<WorkflowsTabs />}
    >
      {waiting.isPending ? (
        <LoadingState label="Loading approvals" />
      ) : waiting.isError ? (
        <ErrorState error={waiting.error} onRetry={() => void waiting.refetch()} />
      ) : waiting.data.length === 0 ? (
        <EmptyState
          icon={Check}
          title="Nothing waits for a decision"
          text="When a step of the type human_approval asks, its question stands here until somebody decides or its time is over."
        />
      ) : (
        <Stack gap="sm" maw={880} aria-live="polite">
          {waiting.data.map((execution) => (
            <Asking key={execution.id} execution={execution} />
          ))}
          {waiting.hasNextPage && (
            <Button
              variant="default"
              loading={waiting.isFetchingNextPage}
              onClick={() => void waiting.fetchNextPage()}
            >
              Show more
            </Button>
          )}
        </Stack>
      )}
    </Page>
  );
}

function Asking({ execution }: { execution: WorkflowExecution }) {
  const steps = useWorkflowSteps(execution.id, { statuses: ["WAITING"], includeDocuments: true });
  const asking = (steps.data ?? []).filter((each) => each.waitingFor === "APPROVAL");
  return asking.map((step) => <ApprovalCard key={step.id} execution={execution} step={step} />);
}

function ApprovalCard({ execution, step }: { execution: WorkflowExecution; step: Step }) {
  return (
    <Paper component="article" aria-label={step.waitingName} p="md" radius="md" bg="var(--tl-raised)">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" wrap="nowrap">
          <Title order={2} size="h3" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {step.waitingName || "A decision is asked for."}
          </Title>
          {step.wakeTime !== undefined && <Deadline time={step.wakeTime} />}
        </Group>
        <Group gap={6}>
          <TextLink
            to="/workflows/executions/$executionId"
            params={{ executionId: execution.id }}
            search={{ step: step.id }}
          >
            {execution.workflowId} · {step.id}
          </TextLink>
          {step.startTime !== undefined && (
            <Text size="sm" c="dimmed">
              {`asked ${formatAgo(step.startTime, Date.now())}`}
            </Text>
          )}
        </Group>
        <DecisionForm executionId={execution.id} stepId={step.id} />
      </Stack>
    </Paper>
  );
}

function Deadline({ time }: { time: string }) {
  const now = useNow();
  const isSoon = Date.parse(time) - now < 3_600_000;
  return (
    <Badge
      variant="light"
      color={isSoon ? "red" : "gray"}
      c={isSoon ? "var(--tl-bad)" : "var(--tl-muted)"}
      tt="none"
      style={{ flex: "none" }}
      leftSection={<Hourglass size={12} aria-hidden />}
      title={formatDateTime(time)}
    >
      Ends {formatAgo(time, now)}
    </Badge>
  );
}

/** Approves or rejects what a step asks for, with a comment. */
export function DecisionForm({ executionId, stepId }: { executionId: string; stepId: string }) {
  const [decidedBy, setDecidedBy] = useLocalStorage({ key: "timeloom-decided-by", defaultValue: "" });
  const [comment, setComment] = useState("");
  const { approve } = useWorkflowControls();
  const decide = (decision: "APPROVED" | "REJECTED") =>
    approve.mutate(
      { executionId, stepId, decision, decidedBy: decidedBy.trim(), comment: comment.trim() },
      { onSuccess: told(decision === "APPROVED" ? "Approved." : "Rejected.").onSuccess },
    );
  return (
    <Stack gap="xs">
      <Group align="flex-start" gap="xs">
        <TextInput
          label="Decided by"
          w={180}
          maxLength={200}
          autoComplete="name"
          value={decidedBy}
          error={approve.error?.violation("decidedBy")}
          onChange={(event) => setDecidedBy(event.currentTarget.value)}
        />
        <Textarea
          label="Comment"
          flex={1}
          miw={180}
          autosize
          minRows={1}
          maxRows={6}
          maxLength={10_000}
          value={comment}
          error={approve.error?.violation("comment")}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      </Group>
      {approve.isError && <Problem error={approve.error} shown={["decidedBy", "comment"]} />}
      <Group gap="xs">
        <Button
          leftSection={<Check size={15} aria-hidden />}
          loading={approve.isPending}
          onClick={() => decide("APPROVED")}
        >
          Approve
        </Button>
        <Button
          variant="default"
          leftSection={<X size={15} aria-hidden />}
          disabled={approve.isPending}
          onClick={() => decide("REJECTED")}
        >
          Reject
        </Button>
      </Group>
    </Stack>
  );
}
