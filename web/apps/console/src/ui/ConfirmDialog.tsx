import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { TimeloomError } from "@timeloom/client";
import { type ReactNode, useState } from "react";
import { Problem } from "./Problem";

interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** A question, such as `Cancel this execution?` */
  readonly title: string;
  /** What happens, and whether it can be undone. */
  readonly children: ReactNode;
  /** The verb on the button. */
  readonly action: string;
  /** Does it; the dialog closes when it is done, and shows the error otherwise. */
  readonly onConfirm: (reason: string) => Promise<unknown>;
  readonly isDestructive?: boolean;
  /** A text that has to be typed first, for what cannot be undone. */
  readonly typed?: string | undefined;
  /** Asks for a reason, which the record keeps. */
  readonly asksReason?: boolean;
}

/** Asks before something is done that matters, and says what it does. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Modal
      opened={props.isOpen}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <ConfirmForm {...props} />
    </Modal>
  );
}

function ConfirmForm({
  onClose,
  children,
  action,
  onConfirm,
  isDestructive = true,
  typed,
  asksReason = false,
}: ConfirmDialogProps) {
  const [reason, setReason] = useState("");
  const [answer, setAnswer] = useState("");
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  async function confirm() {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(reason.trim());
      onClose();
    } catch (caught) {
      setError(caught); // shown below, whatever it is
    } finally {
      setBusy(false);
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void confirm();
      }}
    >
      <Stack gap="sm">
        <div>{children}</div>
        {typed !== undefined && (
          <TextInput
            label={`Type ${typed} to go on`}
            value={answer}
            onChange={(event) => setAnswer(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {asksReason && (
          <TextInput
            label="Reason"
            description="For the record; may be empty."
            value={reason}
            maxLength={1000}
            error={error instanceof TimeloomError ? error.violation("reason") : undefined}
            onChange={(event) => setReason(event.currentTarget.value)}
            {...(typed === undefined && { "data-autofocus": true })}
          />
        )}
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Keep as it is
          </Button>
          <Button
            type="submit"
            loading={isBusy}
            disabled={typed !== undefined && answer !== typed}
            {...(isDestructive && { color: "red" })}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
