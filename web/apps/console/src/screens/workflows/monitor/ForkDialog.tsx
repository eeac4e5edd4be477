import { Button, Group, Modal, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflowControls, useWorkflowStep } from "@timeloom/client/react";
import { useState } from "react";
import { Problem } from "../../../ui/Problem";
import { AnyField } from "../../../ui/schema/AnyField";
import type { Json } from "../../../ui/schema/schema";

interface ForkDialogProps {
  readonly execution: WorkflowExecution;
  readonly steps: readonly Step[];
  /** The last step that the fork has had; none unless given. */
  readonly stepId?: string | undefined;
  readonly onClose: () => void;
}

/** Begins another execution that has had the same steps up to one of them, with other values where one says so. */
export function ForkDialog({ execution, steps, stepId: given = "", onClose }: ForkDialogProps) {
  const [stepId, setStepId] = useState(given);
  const [input, setInput] = useState<Json | undefined>(execution.input as Json | undefined);
  const [output, setOutput] = useState<{ of: string; value: Json | undefined }>();
  const [version, setVersion] = useState<number>();
  const [reason, setReason] = useState("");
  const { fork } = useWorkflowControls();
  const step = useWorkflowStep(execution.id, stepId);
  const navigate = useNavigate();
  const edited = output !== undefined && output.of === stepId ? output.value : undefined;
  const ended = steps.filter((each) => each.status === "SUCCEEDED" || each.status === "SKIPPED");
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title="Fork this execution"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          fork.mutate(
            {
              executionId: execution.id,
              stepId,
              version,
              reason,
              ...(JSON.stringify(input) !== JSON.stringify(execution.input) && { input }),
              ...(edited !== undefined && { outputs: { [stepId]: edited } }),
            },
            {
              onSuccess: (made) => {
                notifications.show({ message: "The fork has begun." });
                onClose();
                void navigate({
                  to: "/workflows/executions/$executionId",
                  params: { executionId: made.id },
                  search: {},
                });
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            A new execution has had the same steps, and goes on for real from there. This one stays as it is.
          </Text>
          <Select
            label="Last step it has had"
            description="It and those before it are taken over with what they came to."
            placeholder="None: it begins anew"
            clearable
            searchable
            clearButtonProps={{ "aria-label": "None" }}
            data={ended.map((each) => each.id)}
            value={stepId === "" ? null : stepId}
            error={fork.error?.violation("stepId")}
            onChange={(next) => setStepId(next ?? "")}
          />
          {stepId !== "" && step.isSuccess && (
            <AnyField
              key={stepId}
              label={`Output of ${stepId}`}
              description="What the fork takes this step to have come to."
              value={output?.of === stepId ? output.value : (step.data.output as Json | undefined)}
              onChange={(value) => setOutput({ of: stepId, value })}
              error={fork.error?.violation("outputs")}
            />
          )}
          <AnyField label="Input" value={input} onChange={setInput} error={fork.error?.violation("input")} />
          <Group grow align="flex-start">
            <NumberInput
              label="Version"
              description="Of the workflow."
              placeholder={String(execution.workflowVersion)}
              min={1}
              allowDecimal={false}
              value={version ?? ""}
              error={fork.error?.violation("version")}
              onChange={(next) => setVersion(next === "" ? undefined : Number(next))}
            />
            <TextInput
              label="Reason"
              description="For the history of this one."
              maxLength={1000}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          </Group>
          {fork.isError && <Problem error={fork.error} shown={["stepId", "outputs", "input", "version"]} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" loading={fork.isPending}>
              Fork
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
