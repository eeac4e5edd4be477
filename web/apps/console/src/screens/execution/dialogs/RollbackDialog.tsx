import { Badge, Group, List, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Execution, TimelineEntry } from "@timeloom/client";
import { useExecutionControls } from "@timeloom/client/react";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { wordsOf } from "../../../ui/format";
import { leftBehind } from "../model/steps";
import { useRecording, useSteps } from "../recording";

const SHOWN_MAX = 12;

interface RollbackDialogProps {
  readonly execution: Execution;
  readonly entries: readonly TimelineEntry[];
  /** The snapshot to go back to; undefined while it is closed. */
  readonly sequence: number | undefined;
  readonly onClose: () => void;
}

/** Moves the head to another snapshot, after saying what that leaves behind and does not undo. */
export function RollbackDialog({ execution, entries, sequence, onClose }: RollbackDialogProps) {
  const { rollback } = useExecutionControls(execution.id);
  const { player } = useRecording();
  const steps = useSteps();
  const to = sequence ?? 0;
  const left = to === 0 ? [] : leftBehind(steps, execution.headSequence, to);
  const gone = new Set(left);
  const effects = entries.flatMap(({ effect }) => (effect && gone.has(effect.sequence) ? [effect] : []));
  const hasEnded = execution.status !== "RUNNING";
  return (
    <ConfirmDialog
      isOpen={sequence !== undefined}
      onClose={onClose}
      title={`Roll back to step ${to}?`}
      action="Roll back"
      asksReason
      onConfirm={async (reason) => {
        const done = await rollback.mutateAsync({
          sequence: to,
          expectedHeadSequence: execution.headSequence,
          reopen: hasEnded,
          ...(reason !== "" && { reason }),
        });
        player.seek(to);
        const count = done.effects.length;
        const undone = `${count}${done.effectsTruncated ? "+" : ""}`;
        notifications.show({
          message: `The head is step ${to}. ${count === 0 ? "No effects were left behind." : `${undone} effects are not undone.`}`,
        });
      }}
    >
      <Stack gap="xs">
        <Text size="sm">
          The execution then stands on step {to} instead of {execution.headSequence}. Nothing is deleted:{" "}
          {left.length === 1 ? "1 step is" : `${left.length} steps are`} left behind and can still be looked
          at.
          {hasEnded && " It has ended, and is opened again."}
        </Text>
        {effects.length === 0 ? (
          <Text size="sm">No effects are left behind.</Text>
        ) : (
          <>
            <Text size="sm" fw={600}>
              {effects.length === 1 ? "1 effect is not undone" : `${effects.length} effects are not undone`}
            </Text>
            <List size="sm" listStyleType="none" spacing={4}>
              {effects.slice(0, SHOWN_MAX).map((each) => (
                <List.Item key={`${each.sequence}:${each.effect?.key}`}>
                  <Group gap={6} wrap="nowrap">
                    <Text span size="xs" className="mono" c="dimmed">
                      {each.sequence}
                    </Text>
                    <Badge size="xs" variant="default" radius="sm">
                      {wordsOf(each.effect?.kind ?? "CUSTOM")}
                    </Badge>
                    <Text span size="sm" truncate>
                      {each.effect?.name}
                    </Text>
                  </Group>
                </List.Item>
              ))}
            </List>
            {effects.length > SHOWN_MAX && (
              <Text size="xs" c="dimmed">
                and {effects.length - SHOWN_MAX} more
              </Text>
            )}
          </>
        )}
      </Stack>
    </ConfirmDialog>
  );
}
