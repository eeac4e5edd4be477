import { ActionIcon, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { randomId } from "@timeloom/client/offline";
import { Plus, X } from "lucide-react";
import { VARIABLES_MAX, type VariableLine } from "./environment-form";

interface VariableFieldsProps {
  readonly variables: readonly VariableLine[];
  readonly violations: Readonly<Record<string, string>>;
  readonly isReadOnly: boolean;
  readonly onChange: (variables: readonly VariableLine[]) => void;
}

/** Settings that are no secrets: names and values. */
export function VariableFields({ variables, violations, isReadOnly, onChange }: VariableFieldsProps) {
  const set = (key: string, change: Partial<VariableLine>) =>
    onChange(variables.map((line) => (line.key === key ? { ...line, ...change } : line)));
  return (
    <Stack gap={6}>
      <Title order={3}>Variables</Title>
      {variables.length === 0 && (
        <Text size="sm" c="dimmed">
          None. What must not be read belongs to the secrets.
        </Text>
      )}
      {variables.map((line, index) => (
        <Group key={line.key} gap={6} wrap="nowrap" align="flex-start">
          <TextInput
            size="xs"
            flex={2}
            aria-label={`Name of variable ${index + 1}`}
            placeholder="NAME"
            classNames={{ input: "mono" }}
            value={line.name}
            error={violations[line.key]}
            readOnly={isReadOnly}
            onChange={(event) => set(line.key, { name: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            flex={3}
            aria-label={`Value of ${line.name || `variable ${index + 1}`}`}
            classNames={{ input: "mono" }}
            value={line.value}
            readOnly={isReadOnly}
            onChange={(event) => set(line.key, { value: event.currentTarget.value })}
          />
          {!isReadOnly && (
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={2}
              aria-label={`Remove ${line.name || `variable ${index + 1}`}`}
              onClick={() => onChange(variables.filter(({ key }) => key !== line.key))}
            >
              <X size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {!isReadOnly && (
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<Plus size={14} aria-hidden />}
          disabled={variables.length >= VARIABLES_MAX}
          onClick={() => onChange([...variables, { key: randomId(), name: "", value: "" }])}
        >
          Add a variable
        </Button>
      )}
    </Stack>
  );
}
