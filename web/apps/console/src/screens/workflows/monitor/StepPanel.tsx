import { ActionIcon, Button, Group, Select, Tabs, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflowStep } from "@timeloom/client/react";
import { GitFork, Radio, RotateCcw, X } from "lucide-react";
import { useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { CopyButton } from "../../../ui/CopyButton";
import { formatDateTime, wordsOf } from "../../../ui/format";
import { JsonTree } from "../../../ui/json";
import { StatusBadge } from "../../../ui/StatusBadge";
import type { JsonObject } from "../../../ui/schema/schema";
import { ErrorState, LoadingState } from "../../../ui/states";
import { DecisionForm } from "../approvals/ApprovalsPage";
import { placedOf } from "../model/definition";
import { namesFor } from "../model/progress";
import { ForkDialog } from "./ForkDialog";
import classes from "./monitor.module.css";
import { RetryDialog } from "./RetryDialog";
import { SignalDialog } from "./SignalDialog";
import { StepLog } from "./StepLog";
import { tookOf } from "./TimelineView";

interface StepPanelProps {
  readonly execution: WorkflowExecution;
  readonly stepId: string;
  readonly steps: readonly Step[];
  readonly document: JsonObject | undefined;
  readonly onSelect: (step: string | undefined) => void;
}

/** One step: what it was given, what it came to, what happened to it, and what can be done. */
export function StepPanel({ execution, stepId, steps, document, onSelect }: StepPanelProps) {
  const close = () => onSelect(undefined);
  useShortcut({ keys: "Escape", label: "Close the step", group: "Workflow execution" }, close);
  const placed = document === undefined ? [] : placedOf(document);
  const nameOf = namesFor(placed);
  const siblings = steps.filter((each) => nameOf(each.id) === nameOf(stepId)).map((each) => each.id);
  const hasBegun = steps.some((each) => each.id === stepId) || execution.stepCount > steps.length;
  return (
    <aside className={classes.panel} aria-label={`Step ${stepId}`}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} style={{ overflowWrap: "anywhere" }}>
          {stepId}
        </Title>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the step" onClick={close}>
          <X size={16} />
        </ActionIcon>
      </Group>
      {siblings.length > 1 && (
        <Select
          size="xs"
          aria-label="Which of them"
          searchable
          data={siblings}
          value={stepId}
          allowDeselect={false}
          onChange={(next) => next !== null && onSelect(next)}
        />
      )}
      {hasBegun ? (
        <Begun execution={execution} steps={steps} stepId={stepId} />
      ) : (
        <Text size="sm" c="dimmed">
          This step has not begun.
        </Text>
      )}
    </aside>
  );
}

function Begun({ execution, steps, stepId }: Omit<StepPanelProps, "document" | "onSelect">) {
  const found = useWorkflowStep(execution.id, stepId);
  if (found.isPending) return <LoadingState label="Loading the step" />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const step = found.data;
  return (
    <>
      <StepFacts step={step} />
      {step.waitingFor === "APPROVAL" && step.status === "WAITING" && (
        <>
          <Text size="sm" fw={600} style={{ whiteSpace: "pre-wrap" }}>
            {step.waitingName}
          </Text>
          <DecisionForm executionId={execution.id} stepId={step.id} />
        </>
      )}
      <StepActions execution={execution} steps={steps} step={step} />
      <Tabs
        key={step.status}
        defaultValue={step.error === undefined ? "output" : "error"}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="output">Output</Tabs.Tab>
          <Tabs.Tab value="input">Input</Tabs.Tab>
          {step.error !== undefined && <Tabs.Tab value="error">Error</Tabs.Tab>}
          <Tabs.Tab value="log">Log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="output" pt="xs">
          <Value label="Output" value={step.output} none="It has not come to anything." />
        </Tabs.Panel>
        <Tabs.Panel value="input" pt="xs">
          <Value label="Input" value={step.input} none="It was given nothing." />
        </Tabs.Panel>
        <Tabs.Panel value="error" pt="xs">
          <Text size="sm" fw={600} c="var(--tl-bad)">
            {step.error?.type}
          </Text>
          <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {step.error?.message}
          </Text>
          {step.error?.stack && (
            <Text component="pre" className="mono" style={{ overflow: "auto" }}>
              {step.error.stack}
            </Text>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="log" pt="xs">
          <StepLog execution={execution} step={step} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Value({ label, value, none }: { label: string; value: unknown; none: string }) {
  if (value === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return (
    <div className={classes.tree}>
      <JsonTree value={value} label={label} />
    </div>
  );
}

function StepFacts({ step }: { step: Step }) {
  return (
    <dl className={classes.facts}>
      <dt>Status</dt>
      <dd>
        <StatusBadge status={step.status} />
      </dd>
      <dt>Type</dt>
      <dd>{wordsOf(step.type)}</dd>
      {step.attempt > 0 && (
        <>
          <dt>Try</dt>
          <dd>{step.attempt}</dd>
        </>
      )}
      {step.startTime !== undefined && (
        <>
          <dt>Began</dt>
          <dd>{formatDateTime(step.startTime)}</dd>
        </>
      )}
      {tookOf(step) !== "" && (
        <>
          <dt>Took</dt>
          <dd>{tookOf(step)}</dd>
        </>
      )}
      {step.status === "WAITING" && (
        <>
          <dt>Waits for</dt>
          <dd>
            <WaitedFor step={step} />
          </dd>
        </>
      )}
      {step.wakeTime !== undefined && (
        <>
          <dt>{step.status === "RETRYING" ? "Next try" : "Until"}</dt>
          <dd>{formatDateTime(step.wakeTime)}</dd>
        </>
      )}
      {step.workerId !== "" && (
        <>
          <dt>Worker</dt>
          <dd className="mono">{step.workerId}</dd>
        </>
      )}
    </dl>
  );
}

function WaitedFor({ step }: { step: Step }) {
  if (step.waitingFor === "EXECUTION" && step.waitingName !== "") {
    return (
      <Link to="/workflows/executions/$executionId" params={{ executionId: step.waitingName }}>
        another execution
      </Link>
    );
  }
  return (
    <Group gap={4}>
      {wordsOf(step.waitingFor).toLowerCase()}
      {step.waitingFor !== "APPROVAL" && step.waitingName !== "" && (
        <>
          <span className="mono">{step.waitingName}</span>
          <CopyButton value={step.waitingName} label="Copy what it waits for" />
        </>
      )}
    </Group>
  );
}

function StepActions({
  execution,
  steps,
  step,
}: {
  execution: WorkflowExecution;
  steps: readonly Step[];
  step: Step;
}) {
  const [open, setOpen] = useState<"fork" | "retry" | "signal">();
  const close = () => setOpen(undefined);
  const hasEnded = step.status === "SUCCEEDED" || step.status === "SKIPPED";
  const canRetry = execution.status === "FAILED" || execution.status === "CANCELLED";
  const waitsForSignal = step.status === "WAITING" && step.waitingFor === "SIGNAL";
  return (
    <Group gap="xs">
      {waitsForSignal && (
        <Button
          size="compact-sm"
          leftSection={<Radio size={14} aria-hidden />}
          onClick={() => setOpen("signal")}
        >
          Send {step.waitingName}
        </Button>
      )}
      {canRetry && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<RotateCcw size={14} aria-hidden />}
          onClick={() => setOpen("retry")}
        >
          Retry from here
        </Button>
      )}
      {hasEnded && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<GitFork size={14} aria-hidden />}
          onClick={() => setOpen("fork")}
        >
          Fork from here
        </Button>
      )}
      {open === "fork" && <ForkDialog execution={execution} steps={steps} stepId={step.id} onClose={close} />}
      {open === "retry" && (
        <RetryDialog execution={execution} steps={steps} fromStepId={step.id} onClose={close} />
      )}
      {open === "signal" && <SignalDialog execution={execution} name={step.waitingName} onClose={close} />}
    </Group>
  );
}
