import { Switch } from "@mantine/core";
import type { Workflow } from "@timeloom/client";
import { useWorkflowEditing } from "@timeloom/client/react";
import { told } from "../told";

/** Whether a workflow's triggers fire. */
export function EnabledSwitch({ workflow, hasLabel = false }: { workflow: Workflow; hasLabel?: boolean }) {
  const { enable, disable } = useWorkflowEditing();
  const change = workflow.enabled ? disable : enable;
  return (
    <Switch
      size="xs"
      checked={workflow.enabled}
      disabled={enable.isPending || disable.isPending}
      label={hasLabel ? "Triggers fire" : undefined}
      aria-label={hasLabel ? undefined : `Triggers of ${workflow.id} fire`}
      onChange={() =>
        change.mutate(
          { workflowId: workflow.id },
          told(workflow.enabled ? "Its triggers are off." : "Its triggers fire again."),
        )
      }
    />
  );
}
