import { Stack } from "@mantine/core";
import { Fields } from "./schema/Fields";
import type { JsonObject, JsonSchema } from "./schema/schema";

export interface SchemaFormProps {
  /** Of an object. */
  readonly schema: JsonSchema;
  /** The document that references are followed in; the schema itself unless given. */
  readonly root?: JsonSchema | undefined;
  readonly value: JsonObject;
  /** Told with the path of the field that changed, such as `retry.maxAttempts`. */
  readonly onChange: (value: JsonObject, path: string) => void;
  /** What is wrong, by the path of the field. */
  readonly errors?: Readonly<Record<string, string>> | undefined;
  /** Only the fields that this lets through; all unless given. */
  readonly shows?: ((name: string, of: { isRequired: boolean }) => boolean) | undefined;
  readonly isReadOnly?: boolean | undefined;
}

/** A form made from a JSON Schema: a control for each field, its description below its name, errors at their fields. */
export function SchemaForm({ schema, root = schema, value, onChange, ...rest }: SchemaFormProps) {
  return (
    <Stack gap="sm">
      <Fields
        schema={schema}
        root={root}
        path=""
        value={value}
        onChange={onChange}
        errors={rest.errors ?? {}}
        shows={rest.shows}
        isReadOnly={rest.isReadOnly ?? false}
      />
    </Stack>
  );
}
