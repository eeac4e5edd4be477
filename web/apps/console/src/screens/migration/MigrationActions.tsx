import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import type { Migration, Schemas } from "@timeloom/client";
import type { MigrationHandle } from "@timeloom/client/react";
import { Pause, Play, ShieldCheck, Trash2, Undo2 } from "lucide-react";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ACTIVE } from "./words";

interface ActionsProps {
  readonly migration: Migration;
  readonly handle: MigrationHandle;
  readonly onVerified: (verification: Schemas["Verification"]) => void;
}

/** What can be done with a migration as it stands; what comes next is the button that stands out. */
export function MigrationActions({ migration, handle, onVerified }: ActionsProps) {
  const navigate = useNavigate({ from: "/migrations/$migrationId" });
  const [isRollingBack, rollback] = useDisclosure(false);
  const [isDeleting, deletion] = useDisclosure(false);
  const refused = (error: Error) =>
    notifications.show({ color: "red", title: "That was refused", message: error.message });
  const verify = () =>
    handle.verify.mutate(undefined, {
      onSuccess: (verification) => {
        onVerified(verification);
        void navigate({ search: { tab: "verification" }, replace: true });
      },
      onError: refused,
    });
  const next = (label: string, action: MigrationHandle["start"], icon = <Play size={15} aria-hidden />) => (
    <Button
      leftSection={icon}
      loading={action.isPending}
      onClick={() => action.mutate(undefined, { onError: refused })}
    >
      {label}
    </Button>
  );
  const { status } = migration;
  return (
    <>
      {status === "UPLOADED" && (
        <Button loading={handle.plan.isPending} onClick={() => handle.plan.mutate({}, { onError: refused })}>
          Plan
        </Button>
      )}
      {status === "PLANNED" && next("Start", handle.start)}
      {(status === "PAUSED" || status === "FAILED") && next("Go on", handle.resume)}
      {status === "RUNNING" && next("Pause", handle.pause, <Pause size={15} aria-hidden />)}
      {status === "SUCCEEDED" && (
        <Button
          leftSection={<ShieldCheck size={15} aria-hidden />}
          loading={handle.verify.isPending}
          onClick={verify}
        >
          Verify
        </Button>
      )}
      {migration.canRollBack && (
        <Button variant="default" leftSection={<Undo2 size={15} aria-hidden />} onClick={rollback.open}>
          Roll back
        </Button>
      )}
      {!ACTIVE.has(status) && (
        <Button variant="default" leftSection={<Trash2 size={15} aria-hidden />} onClick={deletion.open}>
          Delete
        </Button>
      )}
      <ConfirmDialog
        isOpen={isRollingBack}
        onClose={rollback.close}
        title="Roll this migration back?"
        action="Roll back"
        onConfirm={() => handle.rollBack.mutateAsync()}
      >
        What it wrote is taken back, and what was there before is put back. What people changed since stays,
        and is listed as a conflict.
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={isDeleting}
        onClose={deletion.close}
        title="Delete this migration?"
        action="Delete"
        onConfirm={async () => {
          await handle.remove.mutateAsync();
          await navigate({ to: "/migrations" });
        }}
      >
        The records that it kept go, and it can no longer be rolled back. What it wrote stays.
      </ConfirmDialog>
    </>
  );
}
