import { ActionIcon, Button, Menu, Text, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Memory } from "@timeloom/client";
import { useApi, useMemoryControls } from "@timeloom/client/react";
import { Archive, ArchiveRestore, Ellipsis, Pencil, Replace, RotateCcw, Split, Trash2 } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { useShortcut } from "../../../app/shortcuts";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { messageOf, tell } from "../ui/notes";
import { reread } from "../ui/reread";
import { type FormMode, MemoryForm } from "./MemoryForm";

interface MemoryActionsProps {
  readonly memory: Memory;
  readonly onOpen: (memoryId: string) => void;
  readonly onGone: () => void;
}

type Asked = "delete" | "purge" | "undo" | undefined;

/** What can be done with a memory. */
export function MemoryActions({ memory, onOpen, onGone }: MemoryActionsProps) {
  const mayWrite = useSignedIn().scope !== "READ";
  const [form, setForm] = useState<FormMode>();
  const [asked, setAsked] = useState<Asked>();
  const isThere = memory.deleteTime === undefined;
  const canEdit = mayWrite && isThere;
  useShortcut({ keys: "e", label: "Edit the memory", group: "Memory" }, () => setForm("edit"), {
    enabled: canEdit,
  });
  if (!mayWrite) return null;
  return (
    <>
      {isThere ? (
        <Tooltip label="Edit (e)">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<Pencil size={13} aria-hidden />}
            onClick={() => setForm("edit")}
          >
            Edit
          </Button>
        </Tooltip>
      ) : (
        <Restore memory={memory} />
      )}
      <More memory={memory} onForm={setForm} onAsk={setAsked} />
      {form && (
        <MemoryForm
          mode={form}
          memory={memory}
          onClose={() => setForm(undefined)}
          onDone={(made) => made.id !== memory.id && onOpen(made.id)}
        />
      )}
      <Questions memory={memory} asked={asked} onClose={() => setAsked(undefined)} onGone={onGone} />
    </>
  );
}

function Restore({ memory }: { memory: Memory }) {
  const { restore } = useMemoryControls();
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<RotateCcw size={13} aria-hidden />}
      loading={restore.isPending}
      onClick={() =>
        restore.mutate(
          { memoryId: memory.id },
          { onSuccess: () => tell("The memory is back."), onError: (error) => tell(messageOf(error), "bad") },
        )
      }
    >
      Restore
    </Button>
  );
}

function More(of: { memory: Memory; onForm: (mode: FormMode) => void; onAsk: (asked: Asked) => void }) {
  const { memory, onForm, onAsk } = of;
  const { archive, unarchive } = useMemoryControls();
  const putAway = async () => {
    const filter = { memoryIds: [memory.id], includeSuperseded: true, includeExpired: true };
    try {
      if (memory.archived) await unarchive.mutateAsync({ filter: { ...filter, includeArchived: true } });
      else await archive.mutateAsync({ filter });
      tell(memory.archived ? "The memory is out of the archive." : "The memory was put away.");
    } catch (error) {
      tell(messageOf(error), "bad");
    }
  };
  const isThere = memory.deleteTime === undefined;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="More actions">
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isThere && memory.supersededBy === "" && (
          <Menu.Item leftSection={<Replace size={14} />} onClick={() => onForm("supersede")}>
            Supersede
          </Menu.Item>
        )}
        {isThere && (
          <Menu.Item
            leftSection={memory.archived ? <ArchiveRestore size={14} /> : <Archive size={14} />}
            onClick={() => void putAway()}
          >
            {memory.archived ? "Take out of the archive" : "Archive"}
          </Menu.Item>
        )}
        {isThere && memory.sourceIds.length > 0 && memory.kind !== "CONTEXT_SUMMARY" && (
          <Menu.Item leftSection={<Split size={14} />} onClick={() => onAsk("undo")}>
            Undo the merge
          </Menu.Item>
        )}
        {isThere && (
          <Menu.Item color="red" leftSection={<Trash2 size={14} />} onClick={() => onAsk("delete")}>
            Delete
          </Menu.Item>
        )}
        <Menu.Item color="red" leftSection={<Trash2 size={14} />} onClick={() => onAsk("purge")}>
          Purge for good
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Questions(of: { memory: Memory; asked: Asked; onClose: () => void; onGone: () => void }) {
  const { memory, asked, onClose, onGone } = of;
  const queries = useQueryClient();
  const { remove } = useMemoryControls();
  const undoMerge = useApi().useMutation("post", "/api/agent-memory/{memoryId}:undo-merge");
  return (
    <>
      <ConfirmDialog
        isOpen={asked === "delete"}
        onClose={onClose}
        title="Delete this memory?"
        action="Delete"
        asksReason
        onConfirm={async (reason) => {
          await remove.mutateAsync({ memoryId: memory.id, reason });
          tell("The memory was deleted. It can be restored until it is purged.");
        }}
      >
        <Text size="sm">
          It will not be found any more. It can be restored until the project's policy purges it.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asked === "purge"}
        onClose={onClose}
        title="Purge this memory?"
        action="Purge"
        typed="purge"
        onConfirm={async () => {
          await remove.mutateAsync({ memoryId: memory.id, purge: true });
          onGone();
          tell("The memory was purged.");
        }}
      >
        <Text size="sm">It is removed at once, with all its versions. This cannot be undone.</Text>
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asked === "undo"}
        onClose={onClose}
        title="Undo this merge?"
        action="Undo the merge"
        isDestructive={false}
        onConfirm={async () => {
          const params = { path: { memoryId: memory.id } };
          const { memories } = await undoMerge.mutateAsync({ params, body: {} });
          await reread(queries);
          tell(`${memories.length} memories are as they were before.`);
        }}
      >
        <Text size="sm">
          The {memory.sourceIds.length} memories that it was made of are there again, and this one is deleted.
        </Text>
      </ConfirmDialog>
    </>
  );
}
