import { NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { AnyField } from "./AnyField";
import { ObjectField, ObjectsField } from "./GroupFields";
import { type Json, type JsonSchema, kindOf, labelOf } from "./schema";

export interface FieldProps {
  readonly name: string;
  /** Where it is, as errors name it. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  readonly value: Json | undefined;
  /** Told with the path of what changed; undefined takes the field out. */
  readonly onChange: (value: Json | undefined, path: string) => void;
  readonly errors: Readonly<Record<string, string>>;
  readonly isRequired: boolean;
  readonly isReadOnly: boolean;
}

const MONO = { input: { fontFamily: "var(--tl-mono)", fontSize: "0.8125rem" } };

/** One field of a form, with the control that its schema asks for. */
export function Field(props: FieldProps) {
  const { name, path, schema, value, onChange, isReadOnly } = props;
  const kind = kindOf(schema, props.root);
  const common = {
    label: labelOf(name, schema),
    description: schema.description,
    error: props.errors[path],
    required: props.isRequired,
    readOnly: isReadOnly,
  };
  const set = (next: Json | undefined) => onChange(next, path);
  if (kind === "object") return <ObjectField {...props} />;
  if (kind === "objects") return <ObjectsField {...props} />;
  if (kind === "choice") {
    return <ChoiceField common={common} schema={schema} value={value} onChange={set} />;
  }
  if (kind === "switch" && (value === undefined || typeof value === "boolean")) {
    return (
      <Switch
        label={common.label}
        description={common.description}
        error={common.error}
        disabled={isReadOnly}
        checked={value ?? schema.default === true}
        onChange={(event) => set(event.currentTarget.checked)}
      />
    );
  }
  if (kind === "number" && (value === undefined || typeof value === "number")) {
    return (
      <NumberInput
        {...common}
        {...(schema.default !== undefined && { placeholder: String(schema.default) })}
        allowDecimal={schema.type === "number"}
        value={value ?? ""}
        onChange={(next) => set(next === "" ? undefined : Number(next))}
      />
    );
  }
  if (kind === "texts" && (value === undefined || isTexts(value))) {
    return (
      <TagsInput
        {...common}
        value={value ?? []}
        onChange={(next) => set(next.length === 0 && !props.isRequired ? undefined : next)}
      />
    );
  }
  if ((kind === "text" || kind === "longText") && (value === undefined || typeof value === "string")) {
    const text = {
      ...common,
      value: value ?? "",
      placeholder: typeof schema.default === "string" ? schema.default : "",
      onChange: (event: { currentTarget: { value: string } }) =>
        set(event.currentTarget.value === "" && !props.isRequired ? undefined : event.currentTarget.value),
    };
    return kind === "text" ? (
      <TextInput {...text} />
    ) : (
      <Textarea {...text} autosize minRows={1} maxRows={12} spellCheck={false} styles={MONO} />
    );
  }
  return (
    <AnyField
      label={common.label}
      description={common.description}
      error={common.error}
      isRequired={common.required}
      isReadOnly={isReadOnly}
      mayBeText={schema.type === undefined || [schema.type].flat().includes("string")}
      value={value}
      onChange={set}
    />
  );
}

function ChoiceField({
  common,
  schema,
  value,
  onChange,
}: {
  common: {
    label: string;
    description: string | undefined;
    error: string | undefined;
    required: boolean;
    readOnly: boolean;
  };
  schema: JsonSchema;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
}) {
  const choices = schema.enum ?? [];
  return (
    <Select
      {...common}
      data={choices.map(String)}
      value={value === undefined ? null : String(value)}
      placeholder={schema.default === undefined ? "Choose" : String(schema.default)}
      clearable={!common.required}
      allowDeselect={false}
      clearButtonProps={{ "aria-label": `Clear ${common.label}` }}
      onChange={(next) => onChange(choices.find((each) => String(each) === next) as Json | undefined)}
    />
  );
}

function isTexts(value: Json): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
