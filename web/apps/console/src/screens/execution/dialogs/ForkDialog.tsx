import { ActionIcon, Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { type Execution, TimeloomError } from "@timeloom/client";
import { useExecutionControls } from "@timeloom/client/react";
import { Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { EDITS_MAX, type Edit, type EditProblem, patchOf } from "./patch";

const OPERATIONS = [
  { value: "replace", label: "Replace" },
  { value: "add", label: "Add" },
  { value: "remove", label: "Remove" },
];

/** What a fork begins with. */
export interface ForkStart {
  readonly sequence: number;
  /** A value to change. */
  readonly path?: string | undefined;
  readonly value?: unknown;
}

interface ForkDialogProps {
  readonly execution: Execution;
  /** Undefined while it is closed. */
  readonly start: ForkStart | undefined;
  readonly onClose: () => void;
}

/** Makes another execution that shares the steps up to one, perhaps with another state, and leads to it. */
export function ForkDialog({ execution, start, onClose }: ForkDialogProps) {
  return (
    <Modal
      opened={start !== undefined}
      onClose={onClose}
      size="lg"
      title={`Fork at step ${start?.sequence ?? ""}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {start && <ForkForm execution={execution} start={start} onClose={onClose} />}
    </Modal>
  );
}

function ForkForm({ execution, start, onClose }: ForkDialogProps & { start: ForkStart }) {
  const navigate = useNavigate();
  const { fork } = useExecutionControls(execution.id);
  const [name, setName] = useState(execution.name);
  const [edits, setEdits] = useState<readonly Edit[]>(() => editsOf(start));
  const [problems, setProblems] = useState<ReadonlyMap<number, EditProblem>>(new Map());
  const refusal = fork.error instanceof TimeloomError ? fork.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const made = patchOf(edits);
    setProblems("problems" in made ? made.problems : new Map());
    if ("problems" in made) return;
    const patch = made.patch.length > 0 ? { patch: made.patch } : {};
    fork.mutate(
      { sequence: start.sequence, name, ...patch },
      {
        onSuccess: (forked) => {
          notifications.show({ message: `Forked at step ${start.sequence}` });
          onClose();
          void navigate({ to: "/executions/$executionId", params: { executionId: forked.id } });
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          The fork shares steps 1 to {start.sequence} and goes on from there by itself. This execution stays
          as it is.
        </Text>
        <TextInput
          label="Name"
          maxLength={500}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={refusal?.violation("name")}
          data-autofocus
        />
        <Edits edits={edits} problems={problems} onChange={setEdits} />
        {fork.error && <Problem error={fork.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={fork.isPending}>
            Fork
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function editsOf({ path, value }: ForkStart): readonly Edit[] {
  return path === undefined
    ? []
    : [{ id: 0, op: "replace", path, text: JSON.stringify(value, null, 2) ?? "null" }];
}

interface EditsProps {
  readonly edits: readonly Edit[];
  readonly problems: ReadonlyMap<number, EditProblem>;
  readonly onChange: (edits: readonly Edit[]) => void;
}

function Edits({ edits, problems, onChange }: EditsProps) {
  const add = () => {
    const id = Math.max(-1, ...edits.map((edit) => edit.id)) + 1;
    onChange([...edits, { id, op: "replace", path: "", text: "" }]);
  };
  return (
    <fieldset style={{ border: "none", margin: 0, padding: 0 }}>
      <Group justify="space-between">
        <Text component="legend" size="sm" fw={500}>
          Changes to the state
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<Plus size={13} aria-hidden />}
          disabled={edits.length >= EDITS_MAX}
          onClick={add}
        >
          Add a change
        </Button>
      </Group>
      {edits.length === 0 && (
        <Text size="xs" c="dimmed">
          None: the fork begins with the state as it was recorded.
        </Text>
      )}
      <Stack gap={8} mt={6}>
        {edits.map((edit) => (
          <EditRow
            key={edit.id}
            edit={edit}
            problem={problems.get(edit.id)}
            onChange={(next) => onChange(edits.map((each) => (each.id === edit.id ? next : each)))}
            onRemove={() => onChange(edits.filter((each) => each.id !== edit.id))}
          />
        ))}
      </Stack>
    </fieldset>
  );
}

interface EditRowProps {
  readonly edit: Edit;
  readonly problem: EditProblem | undefined;
  readonly onChange: (edit: Edit) => void;
  readonly onRemove: () => void;
}

function EditRow({ edit, problem, onChange, onRemove }: EditRowProps) {
  return (
    <Group gap={6} align="flex-start" wrap="nowrap">
      <Select
        size="xs"
        w={96}
        aria-label="What to do"
        data={OPERATIONS}
        value={edit.op}
        onChange={(op) => onChange({ ...edit, op: (op as Edit["op"] | null) ?? "replace" })}
        allowDeselect={false}
      />
      <Stack gap={4} flex={1}>
        <TextInput
          size="xs"
          aria-label="Path"
          placeholder="/budget/total"
          classNames={{ input: "mono" }}
          value={edit.path}
          error={problem?.path}
          onChange={(event) => onChange({ ...edit, path: event.currentTarget.value })}
        />
        {edit.op !== "remove" && (
          <Textarea
            size="xs"
            aria-label="Value, as JSON"
            placeholder="400"
            classNames={{ input: "mono" }}
            autosize
            minRows={1}
            maxRows={12}
            value={edit.text}
            error={problem?.text}
            onChange={(event) => onChange({ ...edit, text: event.currentTarget.value })}
          />
        )}
      </Stack>
      <ActionIcon variant="subtle" color="gray" mt={2} aria-label="Remove the change" onClick={onRemove}>
        <Trash2 size={14} />
      </ActionIcon>
    </Group>
  );
}
