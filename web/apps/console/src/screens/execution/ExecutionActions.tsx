import { ActionIcon, Button, Menu, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { useExecutionControls, useTimeloom } from "@timeloom/client/react";
import { Columns2, Download, Ellipsis, GitFork, Route, Trash2, Undo2 } from "lucide-react";
import { useEffect } from "react";
import { offerCommands } from "../../app/commands";
import { useShortcut } from "../../app/shortcuts";
import { ConfirmDialog } from "../../ui/ConfirmDialog";

interface ExecutionActionsProps {
  readonly execution: Execution;
  readonly canWrite: boolean;
  readonly canRollBack: boolean;
  readonly onFork: () => void;
  readonly onRollback: () => void;
}

/** What can be done with the execution. */
export function ExecutionActions(props: ExecutionActionsProps) {
  const { execution, canWrite, canRollBack, onFork, onRollback } = props;
  const { url } = useTimeloom();
  const [isDeleting, deleting] = useDisclosure(false);
  const hasSteps = execution.snapshotCount > 0;
  const mayFork = canWrite && hasSteps;
  const mayRollBack = canWrite && canRollBack;
  useShortcut({ keys: "f", label: "Fork at this step", group: "Execution" }, onFork, { enabled: mayFork });
  useShortcut({ keys: "r", label: "Roll back to this step", group: "Execution" }, onRollback, {
    enabled: mayRollBack,
  });
  useOfferedCommands(props, mayFork, mayRollBack);
  const left = execution.forkedFrom?.executionId;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<GitFork size={14} aria-hidden />}
        disabled={!mayFork}
        onClick={onFork}
      >
        Fork here
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<Undo2 size={14} aria-hidden />}
        disabled={!mayRollBack}
        onClick={onRollback}
      >
        Roll back here
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<Columns2 size={14} aria-hidden />}
        renderRoot={(root) => (
          <Link
            to="/compare"
            search={left === undefined ? { left: execution.id } : { left, right: execution.id }}
            {...root}
          />
        )}
      >
        {left === undefined ? "Compare" : "Compare with origin"}
      </Button>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More">
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component="a"
            href={`${url}/api/agent-executions/${execution.id}/export`}
            download
            leftSection={<Download size={14} aria-hidden />}
          >
            Export
          </Menu.Item>
          {execution.traceId !== "" && (
            <Menu.Item
              leftSection={<Route size={14} aria-hidden />}
              component="a"
              href={`/observability/traces/${execution.traceId}`}
            >
              Open the trace
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} aria-hidden />}
            disabled={!canWrite}
            onClick={deleting.open}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteDialog execution={execution} isOpen={isDeleting} onClose={deleting.close} />
    </>
  );
}

function useOfferedCommands(
  { execution, onFork, onRollback }: ExecutionActionsProps,
  mayFork: boolean,
  mayRollBack: boolean,
): void {
  const navigate = useNavigate();
  useEffect(() => {
    const compare = {
      id: "execution-compare",
      label: "Compare with another execution",
      onClick: () => void navigate({ to: "/compare", search: { left: execution.id } }),
    };
    const fork = { id: "execution-fork", label: "Fork at this step", onClick: onFork };
    const rollback = { id: "execution-rollback", label: "Roll back to this step", onClick: onRollback };
    return offerCommands([...(mayFork ? [fork] : []), ...(mayRollBack ? [rollback] : []), compare]);
  }, [navigate, execution.id, onFork, onRollback, mayFork, mayRollBack]);
}

interface DeleteDialogProps {
  readonly execution: Execution;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function DeleteDialog({ execution, isOpen, onClose }: DeleteDialogProps) {
  const navigate = useNavigate();
  const { remove } = useExecutionControls(execution.id);
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Delete this execution?"
      action="Delete"
      onConfirm={async () => {
        await remove.mutateAsync();
        notifications.show({ message: "The execution was deleted" });
        await navigate({ to: "/executions" });
      }}
    >
      <Text size="sm">
        Its {execution.snapshotCount} snapshots go with it, and cannot be brought back. Forks keep what they
        share.
      </Text>
    </ConfirmDialog>
  );
}
