import { Alert, Button, Text, TextInput } from "@mantine/core";
import type { Execution } from "@timeloom/client";
import { TimeloomError } from "@timeloom/client";
import { useExecutionControls, useExecutionVerification } from "@timeloom/client/react";
import { ShieldAlert, ShieldCheck } from "lucide-react";
import { type ReactNode, useDeferredValue, useState } from "react";
import { formatBytes, formatDateTime } from "../../../ui/format";
import { Id } from "../../../ui/Id";
import { EmptyState } from "../../../ui/states";
import { KIND_WORDS, type Step, stepOf } from "../model/steps";
import { usePlayback, useSteps } from "../recording";
import { JsonBlock } from "./JsonBlock";
import classes from "./Panels.module.css";

const PROBLEMS_SHOWN_MAX = 20;

/** What is known of the current step and of the execution besides states and effects. */
export function DetailsPanel({ execution, canWrite }: { execution: Execution; canWrite: boolean }) {
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  const step = stepOf(steps, sequence);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section className={classes.scroll} aria-label="Details" tabIndex={0} style={{ padding: 12 }}>
      {step ? (
        <StepDetails step={step} executionId={execution.id} canWrite={canWrite} />
      ) : (
        <EmptyState title="No step" />
      )}
      <Text fw={600} size="sm" mt="lg" mb={6}>
        Execution
      </Text>
      <dl className={classes.facts}>
        <Fact name="Id">
          <Id value={execution.id} what="id of the execution" />
        </Fact>
        {execution.sessionId && <Fact name="Session">{execution.sessionId}</Fact>}
        {execution.createTime && <Fact name="Began">{formatDateTime(execution.createTime)}</Fact>}
        {execution.endTime && <Fact name="Ended">{formatDateTime(execution.endTime)}</Fact>}
        {execution.traceId && (
          <Fact name="Trace">
            <Id value={execution.traceId} what="id of the trace" />
          </Fact>
        )}
      </dl>
      <Verification executionId={execution.id} />
      {execution.input !== undefined && <JsonBlock label="Input" value={execution.input} />}
      {execution.output !== undefined && <JsonBlock label="Output" value={execution.output} />}
      {execution.metadata !== undefined && <JsonBlock label="Metadata" value={execution.metadata} />}
    </section>
  );
}

interface StepDetailsProps {
  readonly step: Step;
  readonly executionId: string;
  readonly canWrite: boolean;
}

function StepDetails({ step, executionId, canWrite }: StepDetailsProps) {
  return (
    <>
      <Text fw={600} size="sm" mb={6}>
        Step {step.sequence}
      </Text>
      <dl className={classes.facts}>
        {step.stepName && <Fact name="Name">{step.stepName}</Fact>}
        <Fact name="Marks">{KIND_WORDS[step.kind]}</Fact>
        {step.createTime && <Fact name="Recorded">{formatDateTime(step.createTime)}</Fact>}
        <Fact name="Made from">{step.parentSequence === 0 ? "nothing" : `step ${step.parentSequence}`}</Fact>
        <Fact name="State">{formatBytes(step.stateBytes)}</Fact>
        <Fact name="Stored">{formatBytes(step.storedBytes)}</Fact>
        {step.tags.length > 0 && <Fact name="Tags">{step.tags.join(", ")}</Fact>}
        <Fact name="State hash">
          <Id value={step.stateHash} what="hash of the state" />
        </Fact>
        <Fact name="Chain hash">
          <Id value={step.chainHash} what="hash of the chain" />
        </Fact>
      </dl>
      {canWrite && <LabelField key={step.sequence} step={step} executionId={executionId} />}
      {!canWrite && step.label && <Text size="sm">{step.label}</Text>}
      {step.metadata !== undefined && <JsonBlock label="Metadata of the step" value={step.metadata} />}
    </>
  );
}

function LabelField({ step, executionId }: { step: Step; executionId: string }) {
  const { updateSnapshot } = useExecutionControls(executionId);
  const [label, setLabel] = useState(step.label);
  const error = updateSnapshot.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        updateSnapshot.mutate({ sequence: step.sequence, label });
      }}
    >
      <TextInput
        mt="sm"
        size="xs"
        label="Label"
        description="A name for this snapshot, to find it again."
        maxLength={500}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
        error={error instanceof TimeloomError ? (error.violation("label") ?? error.message) : undefined}
        rightSectionWidth={56}
        rightSection={
          label !== step.label && (
            <Button type="submit" size="compact-xs" loading={updateSnapshot.isPending}>
              Save
            </Button>
          )
        }
      />
    </form>
  );
}

function Verification({ executionId }: { executionId: string }) {
  const found = useExecutionVerification(executionId, { enabled: false });
  const problems = found.data?.problems ?? [];
  return (
    <div style={{ marginTop: 12 }}>
      <Button
        size="xs"
        variant="default"
        leftSection={<ShieldCheck size={14} aria-hidden />}
        loading={found.isFetching}
        onClick={() => void found.refetch()}
      >
        Verify the recording
      </Button>
      <div role="status">
        {found.error && (
          <Text size="xs" c="red" mt={6}>
            {found.error.message}
          </Text>
        )}
        {found.data?.intact && (
          <Text size="xs" mt={6} c="var(--tl-good)">
            Intact: {found.data.snapshotCount} snapshots have their recorded hashes.
          </Text>
        )}
        {found.data && !found.data.intact && (
          <Alert
            mt={6}
            color="red"
            variant="light"
            icon={<ShieldAlert size={16} aria-hidden />}
            title="Not as recorded"
          >
            {problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => (
              <Text size="xs" key={`${problem.sequence}:${problem.message}`}>
                Step {problem.sequence}: {problem.message}
              </Text>
            ))}
          </Alert>
        )}
      </div>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
