import { Button, Group, Modal, Stack, TagsInput, Text, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Memory } from "@timeloom/client";
import { useMemoryControls, useMemoryUpkeep, useTimeloom } from "@timeloom/client/react";
import { Archive, Merge, Tag, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { Problem } from "../../../ui/Problem";
import { tell } from "./notes";
import { reread } from "./reread";

/** The contract takes so many ids at once. */
const ARCHIVED_MAX = 1_000;
const MERGED_MAX = 100;
const TAGGED_MAX = 500;
const AT_ONCE = 4;

interface SelectionBarProps {
  readonly memories: readonly Memory[];
  readonly onClear: () => void;
  readonly onOpen?: ((memoryId: string) => void) | undefined;
  /** Something was done to them. */
  readonly onDone?: (() => void) | undefined;
}

/** What can be done with chosen memories together. */
export function SelectionBar({ memories, onClear, onOpen, onDone = onClear }: SelectionBarProps) {
  const [asked, setAsked] = useState<"archive" | "merge" | "tag">();
  const { archive } = useMemoryControls();
  const close = () => setAsked(undefined);
  const count = memories.length;
  const isOneNamespace = new Set(memories.map((each) => each.namespace)).size === 1;
  const mergeHint = whyNoMerge(count, isOneNamespace);
  return (
    <Group gap="xs" role="toolbar" aria-label="Chosen memories" wrap="wrap">
      <Text size="sm" fw={600} role="status">
        {count} chosen
      </Text>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Tag size={13} aria-hidden />}
        disabled={count > TAGGED_MAX}
        onClick={() => setAsked("tag")}
      >
        Add tags
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Archive size={13} aria-hidden />}
        disabled={count > ARCHIVED_MAX}
        onClick={() => setAsked("archive")}
      >
        Archive
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Merge size={13} aria-hidden />}
        disabled={mergeHint !== undefined}
        title={mergeHint}
        onClick={() => setAsked("merge")}
      >
        Merge
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        leftSection={<X size={13} aria-hidden />}
        onClick={onClear}
      >
        Choose none
      </Button>
      <ConfirmDialog
        isOpen={asked === "archive"}
        onClose={close}
        title={`Archive ${count} memories?`}
        action="Archive"
        isDestructive={false}
        asksReason
        onConfirm={async (reason) => {
          const memoryIds = memories.map((each) => each.id);
          const { memoryIds: done } = await archive.mutateAsync({ filter: { memoryIds }, reason });
          onDone();
          tell(`${done.length} memories were put away.`);
        }}
      >
        <Text size="sm">They stay, and are found only when asked for. That can be taken back.</Text>
      </ConfirmDialog>
      {asked === "tag" && <TagDialog memories={memories} onClose={close} onDone={onDone} />}
      {asked === "merge" && (
        <MergeDialog
          memories={memories}
          onClose={close}
          onDone={(made) => {
            onDone();
            onOpen?.(made.id);
          }}
        />
      )}
    </Group>
  );
}

function whyNoMerge(count: number, isOneNamespace: boolean): string | undefined {
  if (count < 2) return "Choose at least two";
  if (count > MERGED_MAX) return `At most ${MERGED_MAX} can be merged at once`;
  return isOneNamespace ? undefined : "Only memories of one namespace can be merged";
}

function TagDialog(of: { memories: readonly Memory[]; onClose: () => void; onDone: () => void }) {
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  const [tags, setTags] = useState<string[]>([]);
  const [done, setDone] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const tagAll = async () => {
    setBusy(true);
    setError(undefined);
    try {
      for (let start = done; start < of.memories.length; start += AT_ONCE) {
        const some = of.memories.slice(start, start + AT_ONCE);
        await Promise.all(
          some.map(({ id, tags: before }) =>
            rest.PATCH("/api/agent-memory/{memoryId}", {
              params: { path: { memoryId: id } },
              body: { tags: { values: [...new Set([...before, ...tags])] } },
            }),
          ),
        );
        setDone(start + some.length);
      }
      tell(`${of.memories.length} memories have the tags.`);
      of.onDone();
      of.onClose();
    } catch (caught) {
      setError(caught); // shown below; what was done stays, and another try goes on there
    } finally {
      setBusy(false);
      await reread(queries);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void tagAll();
  };
  return (
    <Modal opened onClose={of.onClose} title="Add tags" closeButtonProps={{ "aria-label": "Close" }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TagsInput
            label={`Tags for ${of.memories.length} memories`}
            description="Type one and press Enter. The tags that they have stay."
            value={tags}
            onChange={setTags}
            data-autofocus
          />
          {error !== undefined && <Problem error={error} />}
          <Group justify="flex-end" gap="sm">
            {isBusy && (
              <Text size="sm" c="dimmed" role="status">
                {done} of {of.memories.length}
              </Text>
            )}
            <Button type="submit" loading={isBusy} disabled={tags.length === 0}>
              Add tags
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function MergeDialog(of: {
  memories: readonly Memory[];
  onClose: () => void;
  onDone: (made: Memory) => void;
}) {
  const first = of.memories[0];
  const [content, setContent] = useState(first?.content ?? "");
  const { merge } = useMemoryUpkeep();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    merge.mutate(
      { memoryIds: of.memories.map((each) => each.id), content },
      {
        onSuccess: (made) => {
          tell("The memories are one now. The merge can be undone.");
          of.onClose();
          of.onDone(made);
        },
      },
    );
  };
  return (
    <Modal
      opened
      onClose={of.onClose}
      title={`Merge ${of.memories.length} memories`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            They stay as the history of the merged memory, and the merge can be undone.
          </Text>
          <Textarea
            label="Content of the merged memory"
            autosize
            minRows={3}
            maxRows={10}
            value={content}
            onChange={(event) => setContent(event.currentTarget.value)}
            data-autofocus
          />
          {merge.error && <Problem error={merge.error} />}
          <Group justify="flex-end">
            <Button type="submit" loading={merge.isPending} disabled={content.trim() === ""}>
              Merge
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
