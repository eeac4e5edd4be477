import { ActionIcon, Button, Group, Stack, Tabs, Text, Title, Tooltip } from "@mantine/core";
import { ArrowDown, ArrowUp, Copy, Plus, Trash2, X } from "lucide-react";
import type { ReactNode } from "react";
import { SchemaForm } from "../../../ui/SchemaForm";
import { AnyField } from "../../../ui/schema/AnyField";
import { isObject, type Json, type JsonSchema, resolve } from "../../../ui/schema/schema";
import { KindIcon } from "../flow/icons";
import type { Step } from "../model/definition";
import { kindKeyOf, kindLabelOf } from "../model/kinds";
import classes from "./designer.module.css";
import type { Design } from "./useDesign";
import { fieldErrors, type Problems } from "./useProblems";

/** What holds steps, which the graph shows. */
const HELD = new Set(["then", "else", "default", "cases", "branches", "steps"]);
/** When a step runs, and what becomes of its errors: what all steps have. */
const COMMON = new Set(["needs", "if", "retry", "timeout", "circuitBreaker", "onError", "compensate"]);

interface InspectorProps {
  readonly design: Design;
  readonly problems: Problems;
  readonly schema: JsonSchema;
  readonly isNew: boolean;
}

/** The form of what is chosen: a step, or the workflow itself. */
export function Inspector(props: InspectorProps) {
  const { design } = props;
  return design.step !== undefined && design.selected !== undefined ? (
    <StepForm key={design.selected} {...props} step={design.step} place={design.selected} />
  ) : (
    <WorkflowForm {...props} />
  );
}

function StepForm({ design, problems, schema, step, place }: InspectorProps & { step: Step; place: string }) {
  const stepSchema = resolve({ $ref: "#/$defs/step" }, schema);
  const errors = fieldErrors(problems.byStep.get(place), place);
  const common = Object.keys(errors).filter((each) => COMMON.has(each.split(/[.[]/)[0] ?? "")).length;
  const change = (next: Json, path: string) => design.setStep(place, next as Step, path);
  const form = { schema: stepSchema, root: schema, value: step, errors, onChange: change };
  return (
    <Stack gap="sm">
      <StepHead design={design} step={step} />
      {errors[""] !== undefined && (
        <Text size="sm" c="var(--tl-bad)">
          {errors[""]}
        </Text>
      )}
      <Tabs defaultValue="what">
        <Tabs.List>
          <Tabs.Tab value="what">What it does</Tabs.Tab>
          <Tabs.Tab value="when">When, and errors{common > 0 ? ` (${common})` : ""}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="what" pt="sm">
          <Stack gap="sm">
            <SchemaForm {...form} shows={(name) => !HELD.has(name) && !COMMON.has(name)} />
            <Ways step={step} onChange={change} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="when" pt="sm">
          <SchemaForm {...form} shows={(name) => COMMON.has(name)} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function StepHead({ design, step }: { design: Design; step: Step }) {
  const actions = [
    { label: "Move up", icon: ArrowUp, run: () => design.shift(-1) },
    { label: "Move down", icon: ArrowDown, run: () => design.shift(1) },
    { label: "Duplicate", icon: Copy, run: design.duplicate },
    { label: "Remove the step", icon: Trash2, run: design.remove },
  ];
  return (
    <Group justify="space-between" wrap="nowrap">
      <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
        <span className={classes.headIcon}>
          <KindIcon kind={kindKeyOf(step)} />
        </span>
        <div style={{ minWidth: 0 }}>
          <Title order={2} size="h3" style={{ overflowWrap: "anywhere" }}>
            {step.id || "no id"}
          </Title>
          <Text size="xs" c="dimmed">
            {kindLabelOf(step)}
          </Text>
        </div>
      </Group>
      <Group gap={2} wrap="nowrap">
        {actions.map(({ label, icon: Icon, run }) => (
          <Tooltip key={label} label={label}>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={run}>
              <Icon size={15} />
            </ActionIcon>
          </Tooltip>
        ))}
      </Group>
    </Group>
  );
}

/** The ways of a switch and the branches of a parallel step: how many there are, and when they are taken. */
function Ways({ step, onChange }: { step: Step; onChange: (step: Step, path: string) => void }) {
  if (step.type === "parallel") {
    const branches = Array.isArray(step.branches) ? step.branches : [];
    const set = (next: Json[]) => onChange({ ...step, branches: next }, "branches");
    return (
      <WayList
        title="Branches"
        items={branches}
        name={(index) => `branch ${index + 1}`}
        onAdd={() => set([...branches, []])}
        onRemove={(index) => set(branches.filter((_, at) => at !== index))}
      />
    );
  }
  if (step.type !== "switch") return null;
  const cases = Array.isArray(step.cases) ? step.cases : [];
  const set = (next: Json[], path: string) => onChange({ ...step, cases: next }, path);
  return (
    <WayList
      title="Cases"
      items={cases}
      name={(index) => `case ${index + 1}`}
      onAdd={() => set([...cases, { equals: `case ${cases.length + 1}`, steps: [] }], "cases")}
      onRemove={(index) =>
        set(
          cases.filter((_, at) => at !== index),
          "cases",
        )
      }
      field={(index) => {
        const each = cases[index];
        return (
          <AnyField
            label={`Case ${index + 1} equals`}
            value={isObject(each) ? each.equals : undefined}
            onChange={(equals) =>
              isObject(each) &&
              equals !== undefined &&
              set(
                cases.map((other, at) => (at === index ? { ...each, equals } : other)),
                `cases[${index}].equals`,
              )
            }
          />
        );
      }}
    />
  );
}

function WayList({
  title,
  items,
  name,
  field,
  onAdd,
  onRemove,
}: {
  title: string;
  items: readonly Json[];
  name: (index: number) => string;
  field?: (index: number) => ReactNode;
  onAdd: () => void;
  onRemove: (index: number) => void;
}) {
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {title}
      </Text>
      {items.map((_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: ways have no names of their own
        <Group key={index} gap={6} wrap="nowrap" align="flex-end">
          <div style={{ flex: 1 }}>{field?.(index) ?? <Text size="sm">{name(index)}</Text>}</div>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove ${name(index)} with its steps`}
            onClick={() => onRemove(index)}
          >
            <X size={14} />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={onAdd}
        >
          Add to {title.toLowerCase()}
        </Button>
      </Group>
    </Stack>
  );
}

function WorkflowForm({ design, problems, schema, isNew }: InspectorProps) {
  const errors = fieldErrors(problems.byStep.get(""), "");
  return (
    <Stack gap="sm">
      <Title order={2} size="h3">
        The workflow
      </Title>
      {errors.steps !== undefined && (
        <Text size="sm" c="var(--tl-bad)">
          Steps: {errors.steps}
        </Text>
      )}
      <SchemaForm
        schema={schema}
        value={design.document}
        errors={errors}
        shows={(name) => name !== "steps" && name !== "$schema" && (isNew || name !== "id")}
        onChange={(next, path) => design.set(next, `workflow ${path}`)}
      />
    </Stack>
  );
}
