import { Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";

/** Asks before what is not saved is left. */
export function LeaveGuard({ isDirty }: { isDirty: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname,
    enableBeforeUnload: isDirty,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      isOpen={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title="Leave without saving?"
      action="Leave"
      onConfirm={async () => blocker.proceed?.()}
    >
      <Text size="sm">What you changed in this definition is lost.</Text>
    </ConfirmDialog>
  );
}
