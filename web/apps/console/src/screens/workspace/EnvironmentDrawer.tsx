import { Button, Drawer, Group, Stack, Textarea, TextInput } from "@mantine/core";
import type { EnvironmentRow, SyncedCollection } from "@timeloom/client/collections";
import { randomId } from "@timeloom/client/offline";
import { type FormEvent, useState } from "react";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Id } from "../../ui/Id";
import { EditorFooter } from "./EditorFooter";
import {
  changesOf,
  type EnvironmentForm,
  formOf,
  NEW_ENVIRONMENT,
  variablesOf,
  violationsOf,
} from "./environment-form";
import { notifyRefused } from "./notifyRefused";
import { SecretFields } from "./SecretFields";
import { useMayWrite } from "./useWorkspace";
import { VariableFields } from "./VariableFields";

interface EditorProps {
  readonly environments: SyncedCollection<EnvironmentRow>;
  /** Undefined for a new one. */
  readonly environment: EnvironmentRow | undefined;
  readonly onClose: () => void;
}

/** An environment to be made or changed. */
export function EnvironmentDrawer({ isOpen, ...editor }: EditorProps & { readonly isOpen: boolean }) {
  return (
    <Drawer
      opened={isOpen}
      onClose={editor.onClose}
      position="right"
      size="lg"
      title={editor.environment === undefined ? "New environment" : "Environment"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <EnvironmentEditor {...editor} />
    </Drawer>
  );
}

function EnvironmentEditor({ environments, environment, onClose }: EditorProps) {
  const mayWrite = useMayWrite();
  const [edits, setEdits] = useState<Partial<EnvironmentForm>>({});
  const [isChecked, setChecked] = useState(false);
  const form = { ...(environment === undefined ? NEW_ENVIRONMENT : formOf(environment)), ...edits };
  const found = violationsOf(form);
  const violations = isChecked ? found : {};
  const change = (next: Partial<EnvironmentForm>) => setEdits({ ...edits, ...next });

  function save(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (Object.keys(found).length > 0) return;
    write(environments, environment, form);
    onClose();
  }

  const text = (name: "name" | "githubOrganization" | "githubRepository", label: string) => (
    <TextInput
      size="xs"
      label={label}
      value={form[name]}
      error={violations[name]}
      readOnly={!mayWrite}
      withAsterisk={name === "name"}
      data-autofocus={name === "name" || undefined}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <form onSubmit={save} noValidate>
      <Stack gap="sm">
        {environment !== undefined && <Id value={environment.id} what="environment's id" />}
        {text("name", "Name")}
        <Textarea
          size="xs"
          label="Description"
          autosize
          minRows={2}
          maxRows={8}
          value={form.description}
          readOnly={!mayWrite}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Group grow>
          {text("githubOrganization", "Organization")}
          {text("githubRepository", "Repository")}
        </Group>
        <VariableFields
          variables={form.variables}
          violations={violations}
          isReadOnly={!mayWrite}
          onChange={(variables) => change({ variables })}
        />
        {environment !== undefined && <SecretFields environment={environment} isReadOnly={!mayWrite} />}
        {mayWrite && (
          <EditorFooter
            submit={environment === undefined ? "Create environment" : "Save"}
            removal={
              environment !== undefined && (
                <Deletion environments={environments} environment={environment} onDone={onClose} />
              )
            }
            onCancel={onClose}
          />
        )}
      </Stack>
    </form>
  );
}

function write(
  environments: EditorProps["environments"],
  environment: EnvironmentRow | undefined,
  form: EnvironmentForm,
): void {
  if (environment === undefined) {
    const now = new Date().toISOString();
    const { variables: _, ...fields } = form;
    const row = {
      id: randomId(),
      ...fields,
      variables: variablesOf(form),
      secretNames: [],
      userId: "",
      metadata: {},
      createTime: now,
      updateTime: now,
      version: 0,
      clock: "",
    };
    environments.insert(row).isPersisted.promise.catch(notifyRefused);
    return;
  }
  const changes = changesOf(environment, form);
  if (Object.keys(changes).length === 0) return;
  environments
    .update(environment.id, (draft) => void Object.assign(draft, changes))
    .isPersisted.promise.catch(notifyRefused);
}

function Deletion(of: {
  environments: EditorProps["environments"];
  environment: EnvironmentRow;
  onDone: () => void;
}) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button variant="subtle" color="red" size="xs" c="var(--tl-bad)" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Delete this environment?"
        action="Delete environment"
        onConfirm={async () => {
          of.environments.delete(of.environment.id).isPersisted.promise.catch(notifyRefused);
          of.onDone();
        }}
      >
        Its variables and sealed secrets go with it. Steps of workflows that use them will fail.
      </ConfirmDialog>
    </>
  );
}
