import { Field } from "./Field";
import { fieldsOf, isObject, type Json, type JsonObject, type JsonSchema, withMember } from "./schema";

interface FieldsProps {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  /** Where the object is; empty for the whole. */
  readonly path: string;
  readonly value: JsonObject;
  readonly onChange: (value: JsonObject, path: string) => void;
  readonly errors: Readonly<Record<string, string>>;
  readonly isReadOnly: boolean;
  /** Only those that this lets through. */
  readonly shows?: ((name: string, of: { isRequired: boolean }) => boolean) | undefined;
}

/** The fields of an object: what is required first. */
export function Fields({ schema, root, path, value, onChange, shows, ...rest }: FieldsProps) {
  const fields = fieldsOf(schema, root, value).filter((each) => shows?.(each.name, each) ?? true);
  const ordered = [...fields.filter((each) => each.isRequired), ...fields.filter((each) => !each.isRequired)];
  return ordered.map((field) => {
    const place = path === "" ? field.name : `${path}.${field.name}`;
    return (
      <Field
        key={field.name}
        {...rest}
        {...field}
        root={root}
        path={place}
        value={value[field.name]}
        onChange={(next: Json | undefined, changed: string) =>
          onChange(changing(value, schema, root, field.name, next), changed)
        }
      />
    );
  });
}

/** Takes out what a changed choice leaves without a meaning: another type has other fields. */
function changing(
  value: JsonObject,
  schema: JsonSchema,
  root: JsonSchema,
  name: string,
  next: Json | undefined,
): JsonObject {
  const changed = withMember(value, name, next);
  if (!isObject(value) || value[name] === next) return changed;
  const before = new Set(fieldsOf(schema, root, value).map((each) => each.name));
  const after = new Set(fieldsOf(schema, root, changed).map((each) => each.name));
  const gone = Object.keys(changed).filter((each) => before.has(each) && !after.has(each));
  return gone.reduce((found, each) => withMember(found, each, undefined), changed);
}
