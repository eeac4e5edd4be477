import { Button, Group, Modal, NumberInput, Stack, TagsInput, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { TimeloomError } from "@timeloom/client";
import { useWorkflow, useWorkflowControls } from "@timeloom/client/react";
import { Play } from "lucide-react";
import { useState } from "react";
import { JsonEditor, type JsonMark } from "../../ui/JsonEditor";
import { Problem } from "../../ui/Problem";
import { SchemaForm } from "../../ui/SchemaForm";
import {
  fieldsOf,
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  withMember,
} from "../../ui/schema/schema";
import { ErrorState, LoadingState } from "../../ui/states";

interface RunDialogProps {
  readonly workflowId: string | undefined;
  readonly version?: number | undefined;
  readonly onClose: () => void;
}

/** Begins an execution: a form from the schema of the workflow's input, or JSON. */
export function RunDialog({ workflowId, version, onClose }: RunDialogProps) {
  return (
    <Modal
      opened={workflowId !== undefined}
      onClose={onClose}
      size="lg"
      title={`Run ${workflowId ?? ""}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {workflowId !== undefined && <Loaded workflowId={workflowId} version={version} onClose={onClose} />}
    </Modal>
  );
}

function Loaded({ workflowId, version = 0, onClose }: RunDialogProps & { workflowId: string }) {
  const workflow = useWorkflow(workflowId, { version });
  if (workflow.isPending) return <LoadingState label="Loading the workflow" />;
  if (workflow.isError) return <ErrorState error={workflow.error} onRetry={() => void workflow.refetch()} />;
  const definition = isObject(workflow.data.definition) ? workflow.data.definition : {};
  const schema = isObject(definition.input) ? (definition.input as JsonSchema) : undefined;
  return <RunForm workflowId={workflowId} version={version} schema={schema} onClose={onClose} />;
}

function RunForm({
  workflowId,
  version,
  schema,
  onClose,
}: {
  workflowId: string;
  version: number;
  schema: JsonSchema | undefined;
  onClose: () => void;
}) {
  const isForm = schema?.type === "object" && schema.properties !== undefined;
  const [asJson, setAsJson] = useState(!isForm);
  const [input, setInput] = useState<Json>(() => (isForm ? defaultsOf(schema) : {}));
  const [text, setText] = useState(() => JSON.stringify(input, null, 2));
  const [more, setMore] = useState<{ tags?: string[]; priority?: number }>({});
  const [unread, setUnread] = useState<string>();
  const { run } = useWorkflowControls();
  const navigate = useNavigate();
  const errors = inputErrors(run.error);
  function start() {
    const read = asJson ? readJson(text) : { value: input };
    setUnread(read.problem);
    if (read.problem !== undefined) return;
    run.mutate(
      { workflowId, input: read.value, version, ...more },
      {
        onSuccess: (execution) => {
          notifications.show({ message: `${workflowId} has begun.` });
          onClose();
          void navigate({ to: "/workflows/executions/$executionId", params: { executionId: execution.id } });
        },
      },
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <Stack gap="md">
        {asJson ? (
          <JsonEditor
            label="Input"
            description="What the workflow is given. It has no schema, so that any JSON will do."
            {...(schema !== undefined && { description: "What the workflow is given." })}
            value={text}
            onChange={setText}
            error={unread ?? errors.whole}
            marks={errors.marks}
          />
        ) : (
          schema !== undefined && (
            <SchemaForm
              schema={schema}
              value={isObject(input) ? input : {}}
              onChange={setInput}
              errors={errors.byField}
            />
          )
        )}
        {isForm && (
          <Button
            variant="subtle"
            size="compact-xs"
            style={{ alignSelf: "flex-start" }}
            onClick={() => {
              if (!asJson) setText(JSON.stringify(input, null, 2));
              else setInput(readJson(text).value ?? input);
              setAsJson(!asJson);
            }}
          >
            {asJson ? "Use the form" : "Write JSON instead"}
          </Button>
        )}
        <Group grow align="flex-start">
          <TagsInput
            label="Tags"
            description="To find it by."
            value={more.tags ?? []}
            onChange={(tags) => setMore({ ...more, tags })}
          />
          <NumberInput
            label="Priority"
            description="From -100 to 100; higher ones begin first."
            min={-100}
            max={100}
            error={run.error?.violation("priority")}
            onChange={(value) =>
              setMore(
                withMember(
                  more as JsonObject,
                  "priority",
                  value === "" ? undefined : Number(value),
                ) as typeof more,
              )
            }
          />
        </Group>
        {run.isError && <Problem error={run.error} shown={errors.shown} />}
        <Group justify="flex-end" gap="xs">
          <Text size="xs" c="dimmed" mr="auto">
            {version === 0 ? "The newest version runs." : `Version ${version} runs.`}
          </Text>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={run.isPending} leftSection={<Play size={15} aria-hidden />}>
            Run
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What an input begins with: what its schema says, and nothing that somebody has to decide. */
function defaultsOf(schema: JsonSchema): JsonObject {
  const fields = fieldsOf(schema, schema, {}).filter((each) => each.schema.default !== undefined);
  return Object.fromEntries(fields.map((each) => [each.name, each.schema.default as Json]));
}

function readJson(text: string): { value?: Json; problem?: string } {
  if (text.trim() === "") return { value: {} };
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** How a schema's check names a field that is not there. */
const MISSING = /^'(.+)' is a required property$/;

/** What was refused of the input, by the fields of the form. */
function inputErrors(error: unknown) {
  const byField: Record<string, string> = {};
  const marks: JsonMark[] = [];
  let whole: string | undefined;
  const shown: string[] = [];
  for (const { field, description } of error instanceof TimeloomError ? error.violations : []) {
    const found = /^input(?:\.|(?=\[)|$)(.*)$/.exec(field);
    if (found === null) continue;
    shown.push(field);
    const place = found[1] ?? "";
    const missing = MISSING.exec(description)?.[1];
    if (missing !== undefined) byField[place === "" ? missing : `${place}.${missing}`] = "is required";
    else if (place !== "") byField[place] = description;
    if (place === "") whole = description;
    marks.push({ place, message: description });
  }
  return { byField, marks, whole, shown };
}
