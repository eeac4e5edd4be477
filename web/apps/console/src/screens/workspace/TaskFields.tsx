import { Select, SimpleGrid, TagsInput, Textarea, TextInput } from "@mantine/core";
import { wordsOf } from "../../ui/format";
import type { TaskForm, violationsOf } from "./task-form";
import { MODES, PRIORITIES, STATUSES } from "./words";

interface TaskFieldsProps {
  readonly form: TaskForm;
  readonly violations: ReturnType<typeof violationsOf>;
  readonly environments: ReadonlyMap<string, string>;
  readonly isReadOnly: boolean;
  readonly onChange: (change: Partial<TaskForm>) => void;
}

const choices = (values: readonly string[]) => values.map((value) => ({ value, label: wordsOf(value) }));

/** The fields of a task. */
export function TaskFields({ form, violations, environments, isReadOnly, onChange }: TaskFieldsProps) {
  const text = (name: "repository" | "branch" | "statusMessage" | "pullRequestUrl", label: string) => (
    <TextInput
      size="xs"
      label={label}
      value={form[name]}
      error={violations[name]}
      readOnly={isReadOnly}
      onChange={(event) => onChange({ [name]: event.currentTarget.value })}
    />
  );
  const choice = (name: "status" | "priority" | "mode", label: string, values: readonly string[]) => (
    <Select
      size="xs"
      label={label}
      data={choices(values)}
      value={form[name]}
      readOnly={isReadOnly}
      allowDeselect={false}
      onChange={(value) => value !== null && onChange({ [name]: value })}
    />
  );
  return (
    <>
      <TextInput
        size="xs"
        label="Title"
        withAsterisk
        data-autofocus
        value={form.title}
        error={violations.title}
        readOnly={isReadOnly}
        onChange={(event) => onChange({ title: event.currentTarget.value })}
      />
      <Textarea
        size="xs"
        label="Description"
        autosize
        minRows={3}
        maxRows={14}
        value={form.description}
        error={violations.description}
        readOnly={isReadOnly}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
      />
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="sm">
        {choice("status", "Status", STATUSES)}
        {choice("priority", "Priority", PRIORITIES)}
        {choice("mode", "Mode", MODES)}
      </SimpleGrid>
      <TagsInput
        size="xs"
        label="Tags"
        placeholder={form.tags.length === 0 ? "Enter adds one" : ""}
        value={[...form.tags]}
        error={violations.tags}
        readOnly={isReadOnly}
        onChange={(tags) => onChange({ tags })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Select
          size="xs"
          label="Environment"
          placeholder="Not known"
          clearable={!isReadOnly}
          searchable
          data={[...environments].map(([value, label]) => ({ value, label }))}
          value={form.environmentId === "" ? null : form.environmentId}
          readOnly={isReadOnly}
          onChange={(environmentId) => onChange({ environmentId: environmentId ?? "" })}
        />
        {text("repository", "Repository")}
        {text("branch", "Branch")}
        {text("pullRequestUrl", "Pull request")}
      </SimpleGrid>
      {text("statusMessage", "Status message")}
    </>
  );
}
