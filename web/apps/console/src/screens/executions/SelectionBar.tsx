import { Button, CloseButton, Group, Stack, TagsInput, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useTimeloom } from "@timeloom/client/react";
import { Columns2, Tags, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { offerCommands } from "../../app/commands";
import { useSignedIn } from "../../app/SessionGate";
import { useShortcut } from "../../app/shortcuts";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { forEach } from "./bulk";
import classes from "./Executions.module.css";

/** The most executions that are tagged or deleted at once. */
const CHOSEN_MAX = 1_000;
const GROUP = "Chosen executions";

interface SelectionBarProps {
  readonly selected: ReadonlySet<string>;
  readonly onClear: () => void;
}

/** What can be done with the chosen executions. */
export function SelectionBar({ selected, onClear }: SelectionBarProps) {
  const [dialog, setDialog] = useState<"tag" | "delete">();
  const navigate = useNavigate();
  const mayWrite = useSignedIn().scope !== "READ";
  const ids = [...selected];
  const [left = "", right = ""] = ids;
  const compare = () => void navigate({ to: "/compare", search: { left, right } });
  const isPair = ids.length === 2;
  const canChange = mayWrite && ids.length <= CHOSEN_MAX;
  useShortcut({ keys: "c", label: "Compare the two", group: GROUP }, compare, { enabled: isPair });
  useShortcut({ keys: "t", label: "Tag", group: GROUP }, () => setDialog("tag"), { enabled: canChange });
  useShortcut({ keys: "Escape", label: "Choose none", group: GROUP }, onClear);
  useEffect(() => {
    if (!isPair) return;
    return offerCommands([
      {
        id: "compare-chosen",
        label: "Compare the chosen executions",
        onClick: () => void navigate({ to: "/compare", search: { left, right } }),
      },
    ]);
  }, [isPair, left, right, navigate]);
  const close = () => setDialog(undefined);
  const why = mayWrite ? `At most ${CHOSEN_MAX} at once` : "Your key may only read";
  return (
    <div className={`${classes.bar} ${classes.chosen}`} role="toolbar" aria-label="Chosen executions">
      <Text size="sm" fw={550} role="status">
        {ids.length} chosen
      </Text>
      <Group gap={6} ml="auto">
        <Tooltip label="Choose two to compare them" disabled={isPair}>
          <Button
            size="compact-sm"
            variant="default"
            disabled={!isPair}
            onClick={compare}
            leftSection={<Columns2 size={14} aria-hidden />}
          >
            Compare
          </Button>
        </Tooltip>
        <Tooltip label={why} disabled={canChange}>
          <Button
            size="compact-sm"
            variant="default"
            disabled={!canChange}
            onClick={() => setDialog("tag")}
            leftSection={<Tags size={14} aria-hidden />}
          >
            Tag
          </Button>
        </Tooltip>
        <Tooltip label={why} disabled={canChange}>
          <Button
            size="compact-sm"
            variant="default"
            {...(canChange && { c: "var(--tl-bad)" })}
            disabled={!canChange}
            onClick={() => setDialog("delete")}
            leftSection={<Trash2 size={14} aria-hidden />}
          >
            Delete
          </Button>
        </Tooltip>
        <CloseButton size="sm" onClick={onClear} aria-label="Choose none" />
      </Group>
      <TagDialog isOpen={dialog === "tag"} onClose={close} ids={ids} />
      <DeleteDialog isOpen={dialog === "delete"} onClose={close} ids={ids} onDeleted={onClear} />
    </div>
  );
}

function TagDialog({ isOpen, onClose, ids }: { isOpen: boolean; onClose: () => void; ids: string[] }) {
  const { rest } = useTimeloom();
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const tag = async () => {
    await forEach(ids, (executionId) =>
      rest.POST("/api/agent-executions/{executionId}/tags", {
        params: { path: { executionId } },
        body: { add, remove },
      }),
    );
    notifications.show({ message: `${countOf(ids)} tagged` });
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Tag ${countOf(ids)}`}
      action="Change the tags"
      isDestructive={false}
      onConfirm={tag}
    >
      <Stack gap="sm">
        <TagsInput
          label="Add"
          value={add}
          onChange={setAdd}
          maxTags={100}
          placeholder="Enter after each"
          data-autofocus
        />
        <TagsInput label="Take away" value={remove} onChange={setRemove} maxTags={100} />
      </Stack>
    </ConfirmDialog>
  );
}

function DeleteDialog(of: { isOpen: boolean; onClose: () => void; ids: string[]; onDeleted: () => void }) {
  const { rest } = useTimeloom();
  const [done, setDone] = useState(0);
  const { ids } = of;
  const remove = async () => {
    setDone(0);
    await forEach(
      ids,
      (executionId) =>
        rest.DELETE("/api/agent-executions/{executionId}", { params: { path: { executionId } } }),
      setDone,
    );
    notifications.show({ message: `${countOf(ids)} deleted` });
    of.onDeleted();
  };
  return (
    <ConfirmDialog
      isOpen={of.isOpen}
      onClose={of.onClose}
      title={`Delete ${countOf(ids)}?`}
      action="Delete"
      onConfirm={remove}
    >
      <Text size="sm">
        All their snapshots and effects go, and this cannot be undone. What forks share of them stays for the
        forks.
      </Text>
      {done > 0 && (
        <Text size="sm" c="dimmed" role="status">
          {done} of {ids.length} deleted
        </Text>
      )}
    </ConfirmDialog>
  );
}

function countOf(ids: readonly string[]): string {
  return ids.length === 1 ? "1 execution" : `${ids.length} executions`;
}
