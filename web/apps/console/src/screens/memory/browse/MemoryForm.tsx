import {
  Button,
  Group,
  Input,
  Modal,
  Select,
  SimpleGrid,
  Slider,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Memory, type MemoryKind, TimeloomError } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { type FormEvent, useState } from "react";
import { JsonEditor } from "../../../ui/JsonEditor";
import { Problem } from "../../../ui/Problem";
import { KINDS } from "../kinds";
import { type Draft, draftOf, problemsOf, toChanges, toNew } from "../lib/draft";
import { NamespaceInput } from "../ui/NamespaceInput";
import { tell } from "../ui/notes";
import { reread } from "../ui/reread";

export type FormMode = "create" | "edit" | "supersede";

interface MemoryFormProps {
  readonly mode: FormMode;
  /** What is edited or superseded. */
  readonly memory?: Memory | undefined;
  readonly namespace?: string | undefined;
  readonly onClose: () => void;
  readonly onDone: (memory: Memory) => void;
}

const TITLES = { create: "New memory", edit: "Edit the memory", supersede: "Supersede the memory" } as const;
const VERBS = { create: "Remember", edit: "Save", supersede: "Supersede" } as const;
const TOLD = {
  create: "The memory is there.",
  edit: "The memory was changed, as a new version.",
  supersede: "The memory was superseded. Both are there.",
} as const;
const CONTENT_LENGTH_MAX = 100_000;

/** Makes a memory, changes one, or puts another in its place. */
export function MemoryForm(props: MemoryFormProps) {
  const { mode, memory, namespace, onClose, onDone } = props;
  const [draft, setDraft] = useState(() => firstDraft(mode, memory, namespace));
  const [isTried, setTried] = useState(false);
  const problems = problemsOf(draft, mode === "edit" ? memory : undefined);
  const action = useSave(mode, memory);
  const refused = action.error instanceof TimeloomError ? action.error : undefined;
  const errorOf = (field: keyof Draft, name: string = field) =>
    (isTried ? problems[field] : undefined) ??
    refused?.violation(name) ??
    refused?.violation(`replacement.${name}`);
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    action.mutate(draft, {
      onSuccess: (made) => {
        tell(TOLD[mode]);
        onDone(made);
        onClose();
      },
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={TITLES[mode]}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Textarea
            label="Content"
            description={mode === "supersede" ? "What holds now." : "Kept as it is written here."}
            autosize
            minRows={3}
            maxRows={12}
            maxLength={CONTENT_LENGTH_MAX}
            required
            data-autofocus
            value={draft.content}
            error={errorOf("content")}
            onChange={(event) => change({ content: event.currentTarget.value })}
          />
          {mode === "create" && (
            <NamespaceInput
              label="Namespace"
              description="Made by its first memory; the project's own if empty."
              placeholder="project"
              value={draft.namespace}
              error={errorOf("namespace")}
              onChange={(value) => change({ namespace: value })}
            />
          )}
          <About draft={draft} change={change} errorOf={errorOf} />
          <Times draft={draft} change={change} errorOf={errorOf} />
          <JsonEditor
            label="Metadata"
            description="Any JSON, or nothing."
            height="110px"
            value={draft.metadata}
            error={errorOf("metadata")}
            onChange={(metadata) => change({ metadata })}
          />
          {mode !== "create" && (
            <TextInput
              label="Reason"
              description="For its history."
              maxLength={1000}
              value={draft.reason}
              error={errorOf("reason")}
              onChange={(event) => change({ reason: event.currentTarget.value })}
            />
          )}
          {action.error && <Problem error={action.error} shown={SHOWN_FIELDS} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={action.isPending}>
              {VERBS[mode]}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What takes the place of a memory holds from now on, unless something else is said. */
function firstDraft(mode: FormMode, memory: Memory | undefined, namespace: string | undefined): Draft {
  if (mode === "create") return draftOf(undefined, namespace);
  const draft = draftOf(memory);
  return mode === "edit" ? draft : { ...draft, occurTime: "", validFrom: "", validTo: "" };
}

/** Sends a draft. What somebody else has changed meanwhile is not overwritten. */
function useSave(mode: FormMode, memory: Memory | undefined) {
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (draft: Draft): Promise<Memory> => {
      if (memory === undefined) return made(await rest.POST("/api/agent-memory", { body: toNew(draft) }));
      const params = { path: { memoryId: memory.id } };
      const headers = { "If-Match": memory.etag };
      if (mode === "edit") {
        const body = toChanges(draft, memory);
        return made(await rest.PATCH("/api/agent-memory/{memoryId}", { params, headers, body }));
      }
      const { validFrom, ...replacement } = toNew(draft);
      const body = { replacement, reason: draft.reason, ...(validFrom !== undefined && { validFrom }) };
      return made(await rest.POST("/api/agent-memory/{memoryId}:supersede", { params, headers, body }));
    },
    onSettled: () => reread(queries),
  });
}

function made({ data }: { data?: Memory }): Memory {
  if (data === undefined) throw new Error("The answer was empty.");
  return data;
}

const SHOWN_FIELDS = ["content", "namespace", "key", "tags", "importance", "metadata", "reason"].flatMap(
  (field) => [field, `replacement.${field}`],
);

interface PartProps {
  readonly draft: Draft;
  readonly change: (changes: Partial<Draft>) => void;
  readonly errorOf: (field: keyof Draft, name?: string) => string | undefined;
}

function About({ draft, change, errorOf }: PartProps) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Select
          label="Kind"
          allowDeselect={false}
          data={KINDS.map(({ kind, label }) => ({ value: kind, label }))}
          value={draft.kind}
          onChange={(kind) => kind && change({ kind: kind as MemoryKind })}
        />
        <TextInput
          label="Key"
          description="Your own, unique in its namespace."
          inputWrapperOrder={["label", "input", "description", "error"]}
          maxLength={500}
          value={draft.key}
          error={errorOf("key")}
          onChange={(event) => change({ key: event.currentTarget.value })}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TagsInput
          label="Tags"
          placeholder={draft.tags.length === 0 ? "Type one and press Enter" : ""}
          value={draft.tags}
          error={errorOf("tags")}
          onChange={(tags) => change({ tags })}
        />
        <Input.Wrapper
          label={`Importance: ${draft.importance}`}
          labelElement="div"
          error={errorOf("importance")}
        >
          <Slider
            mt={10}
            min={1}
            max={10}
            step={0.5}
            thumbLabel="Importance"
            value={draft.importance}
            onChange={(importance) => change({ importance })}
          />
        </Input.Wrapper>
      </SimpleGrid>
    </>
  );
}

function Times({ draft, change, errorOf }: PartProps) {
  const fields = [
    ["occurTime", "Happened"],
    ["validFrom", "Holds from"],
    ["validTo", "Held until"],
    ["expireTime", "Expires"],
  ] as const;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      {fields.map(([field, label]) => (
        <TextInput
          key={field}
          type="datetime-local"
          label={label}
          value={draft[field]}
          error={errorOf(field)}
          onChange={(event) => change({ [field]: event.currentTarget.value })}
        />
      ))}
    </SimpleGrid>
  );
}
