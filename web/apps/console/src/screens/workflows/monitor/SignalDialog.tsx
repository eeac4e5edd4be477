import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import type { WorkflowExecution } from "@timeloom/client";
import { useWorkflowControls } from "@timeloom/client/react";
import { useState } from "react";
import { Problem } from "../../../ui/Problem";
import { AnyField } from "../../../ui/schema/AnyField";
import type { Json } from "../../../ui/schema/schema";
import { told } from "../told";

interface SignalDialogProps {
  readonly execution: WorkflowExecution;
  readonly name?: string | undefined;
  readonly onClose: () => void;
}

/** Sends a signal to an execution. */
export function SignalDialog({ execution, name: waited = "", onClose }: SignalDialogProps) {
  const [name, setName] = useState(waited);
  const [data, setData] = useState<Json | undefined>(true);
  const { signal } = useWorkflowControls();
  return (
    <Modal opened onClose={onClose} title="Send a signal" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signal.mutate(
            { executionId: execution.id, name: name.trim(), data },
            {
              onSuccess: () => {
                told("The signal is sent. It is kept until a step waits for it.").onSuccess();
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            maxLength={256}
            data-autofocus
            value={name}
            error={signal.error?.violation("name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <AnyField
            label="Data"
            description="What the step that waits comes to. Any JSON."
            value={data}
            onChange={setData}
            error={signal.error?.violation("data")}
          />
          {signal.isError && <Problem error={signal.error} shown={["name", "data"]} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" loading={signal.isPending}>
              Send
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
