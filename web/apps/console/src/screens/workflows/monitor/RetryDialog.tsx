import { Button, Group, Modal, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflowControls } from "@timeloom/client/react";
import { useState } from "react";
import { Problem } from "../../../ui/Problem";
import { told } from "../told";

interface RetryDialogProps {
  readonly execution: WorkflowExecution;
  readonly steps: readonly Step[];
  /** The step to begin from; only what failed unless given. */
  readonly fromStepId?: string | undefined;
  readonly onClose: () => void;
}

/** Takes an execution up again: from what failed, or from an earlier step. */
export function RetryDialog({ execution, steps, fromStepId = "", onClose }: RetryDialogProps) {
  const [from, setFrom] = useState(fromStepId);
  const [version, setVersion] = useState<number>();
  const [reason, setReason] = useState("");
  const { retry } = useWorkflowControls();
  return (
    <Modal opened onClose={onClose} title="Retry this execution" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          retry.mutate(
            { executionId: execution.id, fromStepId: from, version, reason },
            {
              onSuccess: () => {
                told("It goes on.").onSuccess();
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            The same execution goes on. Steps that succeeded are kept, unless one is chosen here.
          </Text>
          <Select
            label="From step"
            description="This one and all that began after it run again."
            placeholder="Only what failed"
            clearable
            searchable
            clearButtonProps={{ "aria-label": "Only what failed" }}
            data={steps.map((each) => each.id)}
            value={from === "" ? null : from}
            error={retry.error?.violation("fromStepId")}
            onChange={(next) => setFrom(next ?? "")}
          />
          <NumberInput
            label="Version"
            description="Of the workflow, to go on with."
            placeholder={String(execution.workflowVersion)}
            min={1}
            allowDecimal={false}
            value={version ?? ""}
            error={retry.error?.violation("version")}
            onChange={(next) => setVersion(next === "" ? undefined : Number(next))}
          />
          <TextInput
            label="Reason"
            description="For the history; may be empty."
            maxLength={1000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {retry.isError && <Problem error={retry.error} shown={["fromStepId", "version"]} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" loading={retry.isPending}>
              Retry
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
