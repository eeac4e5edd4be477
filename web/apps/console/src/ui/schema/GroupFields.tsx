import { ActionIcon, Button, Fieldset, Group, Stack, Text, Tooltip } from "@mantine/core";
import { Plus, X } from "lucide-react";
import type { FieldProps } from "./Field";
import { Fields } from "./Fields";
import { beginningOf, isObject, type Json, labelOf, resolve } from "./schema";

/** An object within a form; one that is optional can be added and taken out. */
export function ObjectField(props: FieldProps) {
  const { name, path, schema, root, value, onChange, errors, isRequired, isReadOnly } = props;
  const label = labelOf(name, schema);
  if (value === undefined && !isRequired) {
    if (isReadOnly) return null;
    return (
      <AddButton
        label={`Add ${label.toLowerCase()}`}
        description={schema.description}
        onClick={() => onChange(beginningOf(schema, root), path)}
      />
    );
  }
  return (
    <Fieldset legend={label} p="sm">
      <Stack gap="sm">
        {!isRequired && !isReadOnly && (
          <RemoveButton label={`Remove ${label.toLowerCase()}`} onClick={() => onChange(undefined, path)} />
        )}
        <Note description={schema.description} error={errors[path]} />
        <Fields
          schema={schema}
          root={root}
          path={path}
          value={isObject(value) ? value : {}}
          onChange={onChange}
          errors={errors}
          isReadOnly={isReadOnly}
        />
      </Stack>
    </Fieldset>
  );
}

/** A list of objects within a form. */
export function ObjectsField(props: FieldProps) {
  const { name, path, schema, root, onChange, errors, isReadOnly } = props;
  const label = labelOf(name, schema);
  const items = Array.isArray(props.value) ? props.value : [];
  const itemSchema = resolve(schema.items, root);
  const replace = (index: number, next: Json) => items.map((each, at) => (at === index ? next : each));
  return (
    <Fieldset legend={label} p="sm">
      <Stack gap="sm">
        <Note description={schema.description} error={errors[path]} />
        {items.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items have no names of their own
          <Fieldset key={index} legend={`${label} ${index + 1}`} p="sm" variant="filled">
            <Stack gap="sm">
              {!isReadOnly && (
                <RemoveButton
                  label={`Remove ${label.toLowerCase()} ${index + 1}`}
                  onClick={() => onChange(without(items, index), path)}
                />
              )}
              <Fields
                schema={itemSchema}
                root={root}
                path={`${path}[${index}]`}
                value={isObject(item) ? item : {}}
                onChange={(next, changed) => next !== undefined && onChange(replace(index, next), changed)}
                errors={errors}
                isReadOnly={isReadOnly}
              />
            </Stack>
          </Fieldset>
        ))}
        {!isReadOnly && items.length < (schema.maxItems ?? Number.POSITIVE_INFINITY) && (
          <AddButton
            label={`Add to ${label.toLowerCase()}`}
            onClick={() => onChange([...items, beginningOf(itemSchema, root)], path)}
          />
        )}
      </Stack>
    </Fieldset>
  );
}

function without(items: readonly Json[], index: number): Json[] | undefined {
  const rest = items.filter((_, at) => at !== index);
  return rest.length === 0 ? undefined : rest;
}

function Note({ description, error }: { description: string | undefined; error: string | undefined }) {
  return (
    <>
      {description !== undefined && (
        <Text size="xs" c="dimmed">
          {description}
        </Text>
      )}
      {error !== undefined && (
        <Text size="xs" c="var(--tl-bad)">
          {error}
        </Text>
      )}
    </>
  );
}

function AddButton({
  label,
  description,
  onClick,
}: {
  label: string;
  description?: string | undefined;
  onClick: () => void;
}) {
  return (
    <Group>
      <Tooltip label={description} disabled={description === undefined} multiline maw={320}>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={onClick}
        >
          {label}
        </Button>
      </Tooltip>
    </Group>
  );
}

function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Group justify="flex-end" mb={-28} style={{ zIndex: 1, alignSelf: "flex-end" }}>
      <Tooltip label={label}>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={onClick}>
          <X size={14} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
