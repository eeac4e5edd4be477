import { ActionIcon, Button, Menu, Text, Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflowControls } from "@timeloom/client/react";
import { Ban, Ellipsis, GitFork, Pause, Play, Radio, RotateCcw, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { offerCommands } from "../../../app/commands";
import { useShortcut } from "../../../app/shortcuts";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { told } from "../told";
import { ForkDialog } from "./ForkDialog";
import { RetryDialog } from "./RetryDialog";
import { SignalDialog } from "./SignalDialog";

type Dialog = "cancel" | "retry" | "fork" | "signal" | "delete";

/** The hand on an execution. */
export function Controls({ execution, steps }: { execution: WorkflowExecution; steps: readonly Step[] }) {
  const [open, setOpen] = useState<Dialog>();
  const { pause, resume } = useWorkflowControls();
  const { status } = execution;
  const isOver = status === "SUCCEEDED" || status === "FAILED" || status === "CANCELLED";
  const isPaused = status === "PAUSED";
  const canRetry = status === "FAILED" || status === "CANCELLED";
  const turn = () => {
    const variables = { executionId: execution.id };
    if (isPaused) resume.mutate(variables, told("It goes on."));
    else pause.mutate(variables, told("It is paused. Steps that run end and are kept."));
  };
  useShortcut({ keys: "p", label: isPaused ? "Resume" : "Pause", group: "Workflow execution" }, turn, {
    enabled: !isOver,
  });
  useShortcut({ keys: "f", label: "Fork", group: "Workflow execution" }, () => setOpen("fork"));
  useEffect(
    () => offerCommands([{ id: "fork", label: "Fork this execution", onClick: () => setOpen("fork") }]),
    [],
  );
  return (
    <>
      {!isOver && (
        <Button
          variant="default"
          leftSection={isPaused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
          loading={pause.isPending || resume.isPending}
          onClick={turn}
        >
          {isPaused ? "Resume" : "Pause"}
        </Button>
      )}
      {!isOver && (
        <Button
          variant="default"
          leftSection={<Ban size={15} aria-hidden />}
          onClick={() => setOpen("cancel")}
        >
          Cancel
        </Button>
      )}
      {canRetry && (
        <Button leftSection={<RotateCcw size={15} aria-hidden />} onClick={() => setOpen("retry")}>
          Retry
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<GitFork size={15} aria-hidden />}
        onClick={() => setOpen("fork")}
      >
        Fork
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label="More">
            <ActionIcon variant="default" size="lg" aria-label="More">
              <Ellipsis size={16} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<Radio size={14} aria-hidden />}
            disabled={isOver}
            onClick={() => setOpen("signal")}
          >
            Send a signal
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} aria-hidden />}
            disabled={!isOver}
            onClick={() => setOpen("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Asked open={open} execution={execution} onClose={() => setOpen(undefined)} />
      {open === "retry" && (
        <RetryDialog execution={execution} steps={steps} onClose={() => setOpen(undefined)} />
      )}
      {open === "fork" && (
        <ForkDialog execution={execution} steps={steps} onClose={() => setOpen(undefined)} />
      )}
      {open === "signal" && <SignalDialog execution={execution} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function Asked({
  open,
  execution,
  onClose,
}: {
  open: Dialog | undefined;
  execution: WorkflowExecution;
  onClose: () => void;
}) {
  const { cancel, remove } = useWorkflowControls();
  const navigate = useNavigate();
  const executionId = execution.id;
  return (
    <>
      <ConfirmDialog
        isOpen={open === "cancel"}
        onClose={onClose}
        title="Cancel this execution?"
        action="Cancel it"
        asksReason
        onConfirm={(reason) => cancel.mutateAsync({ executionId, reason })}
      >
        <Text size="sm">
          What runs is stopped. What is done is undone where the workflow says how. It can be retried later.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={open === "delete"}
        onClose={onClose}
        title="Delete this execution?"
        action="Delete"
        onConfirm={async () => {
          await remove.mutateAsync({ executionId });
          await navigate({ to: "/workflows/executions" });
        }}
      >
        <Text size="sm">Its steps and its history are deleted with it. This cannot be undone.</Text>
      </ConfirmDialog>
    </>
  );
}
