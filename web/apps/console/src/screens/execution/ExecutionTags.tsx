import { ActionIcon, Group, Pill, TextInput, Tooltip } from "@mantine/core";
import { type Execution, TimeloomError } from "@timeloom/client";
import { useExecutionControls } from "@timeloom/client/react";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import classes from "./Execution.module.css";

/** The tags of the execution; whoever may, adds and removes them. */
export function ExecutionTags({ execution, canWrite }: { execution: Execution; canWrite: boolean }) {
  const { modifyTags } = useExecutionControls(execution.id);
  const [isAdding, setAdding] = useState(false);
  return (
    <Group gap={4} aria-label="Tags" role="group">
      {execution.tags.map((tag) => (
        <Pill
          key={tag}
          size="sm"
          withRemoveButton={canWrite}
          onRemove={() => modifyTags.mutate({ remove: [tag] })}
          removeButtonProps={{ "aria-label": `Remove the tag ${tag}`, "aria-hidden": false, tabIndex: 0 }}
        >
          {tag}
        </Pill>
      ))}
      {canWrite && !isAdding && (
        <Tooltip label="Add a tag">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="xs"
            aria-label="Add a tag"
            onClick={() => setAdding(true)}
          >
            <Plus size={13} />
          </ActionIcon>
        </Tooltip>
      )}
      {isAdding && <NewTag execution={execution} onDone={() => setAdding(false)} />}
    </Group>
  );
}

function NewTag({ execution, onDone }: { execution: Execution; onDone: () => void }) {
  const { modifyTags } = useExecutionControls(execution.id);
  const [tag, setTag] = useState("");
  const { error } = modifyTags;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (tag.trim() === "") onDone();
    else modifyTags.mutate({ add: [tag.trim()] }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        size="xs"
        w={130}
        className={classes.newTag ?? ""}
        aria-label="New tag"
        placeholder="New tag"
        maxLength={200}
        value={tag}
        onChange={(event) => setTag(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
        error={error instanceof TimeloomError ? (error.violation("add") ?? error.message) : undefined}
        autoFocus
      />
    </form>
  );
}
