import { Button, Drawer, Stack } from "@mantine/core";
import type { SyncedCollection, TaskRow } from "@timeloom/client/collections";
import { randomId } from "@timeloom/client/offline";
import { type FormEvent, useState } from "react";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Id } from "../../ui/Id";
import { EditorFooter } from "./EditorFooter";
import { notifyRefused } from "./notifyRefused";
import { TaskFields } from "./TaskFields";
import { TaskMessages } from "./TaskMessages";
import { changesOf, formOf, NEW_TASK, rowOf, type TaskForm, violationsOf } from "./task-form";
import { useMayWrite } from "./useWorkspace";

interface TaskDrawerProps {
  readonly tasks: SyncedCollection<TaskRow>;
  /** Undefined for a new one. */
  readonly task: TaskRow | undefined;
  readonly isOpen: boolean;
  readonly environments: ReadonlyMap<string, string>;
  readonly onClose: () => void;
}

/** A task to be made or changed. */
export function TaskDrawer({ tasks, task, isOpen, environments, onClose }: TaskDrawerProps) {
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size="lg"
      title={task === undefined ? "New task" : "Task"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <TaskEditor tasks={tasks} task={task} environments={environments} onClose={onClose} />
    </Drawer>
  );
}

type EditorProps = Omit<TaskDrawerProps, "isOpen">;

function TaskEditor({ tasks, task, environments, onClose }: EditorProps) {
  const mayWrite = useMayWrite();
  const [edits, setEdits] = useState<Partial<TaskForm>>({});
  const [message, setMessage] = useState("");
  const [isChecked, setChecked] = useState(false);
  // What others change meanwhile shows in the fields that are not being changed here.
  const form: TaskForm = { ...(task === undefined ? NEW_TASK : formOf(task)), ...edits };
  const violations = violationsOf(form);

  function save(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (Object.keys(violations).length > 0) return;
    write(tasks, task, form, message.trim());
    onClose();
  }

  return (
    <form onSubmit={save} noValidate>
      <Stack gap="sm">
        {task !== undefined && <Id value={task.id} what="task's id" />}
        <TaskFields
          form={form}
          violations={isChecked ? violations : {}}
          environments={environments}
          isReadOnly={!mayWrite}
          onChange={(change) => setEdits({ ...edits, ...change })}
        />
        <TaskMessages
          messages={Array.isArray(task?.messages) ? task.messages : []}
          draft={message}
          isReadOnly={!mayWrite}
          onDraft={setMessage}
        />
        {mayWrite && (
          <EditorFooter
            submit={task === undefined ? "Create task" : "Save"}
            removal={task !== undefined && <Removal tasks={tasks} task={task} onDone={onClose} />}
            onCancel={onClose}
          />
        )}
      </Stack>
    </form>
  );
}

function write(
  tasks: EditorProps["tasks"],
  task: TaskRow | undefined,
  form: TaskForm,
  message: string,
): void {
  const said = message === "" ? [] : [{ role: "user", data: { text: message } }];
  if (task === undefined) {
    const row = rowOf(randomId(), form, new Date().toISOString());
    tasks.insert({ ...row, messages: said }).isPersisted.promise.catch(notifyRefused);
    return;
  }
  const before = Array.isArray(task.messages) ? task.messages : [];
  const changes = {
    ...changesOf(task, form),
    ...(said.length > 0 && { messages: [...before, ...said] }),
  };
  if (Object.keys(changes).length === 0) return;
  tasks
    .update(task.id, (draft) => void Object.assign(draft, changes))
    .isPersisted.promise.catch(notifyRefused);
}

function Removal({
  tasks,
  task,
  onDone,
}: {
  tasks: EditorProps["tasks"];
  task: TaskRow;
  onDone: () => void;
}) {
  const [isAsking, setAsking] = useState(false);
  const archive = () => {
    tasks
      .update(task.id, (draft) => {
        draft.archived = !task.archived;
      })
      .isPersisted.promise.catch(notifyRefused);
    onDone();
  };
  return (
    <>
      <Button variant="default" size="xs" onClick={archive}>
        {task.archived ? "Take out of the archive" : "Archive"}
      </Button>
      <Button variant="subtle" color="red" size="xs" c="var(--tl-bad)" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Delete this task?"
        action="Delete task"
        onConfirm={async () => {
          tasks.delete(task.id).isPersisted.promise.catch(notifyRefused);
          onDone();
        }}
      >
        It goes for everybody in the project. A change of it that somebody makes later brings it back where
        the policy of conflicts says so.
      </ConfirmDialog>
    </>
  );
}
