/** JSON as it is parsed. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** What of JSON Schema (2020-12) forms are made from. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaOrTruth>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaOrTruth>>;
  readonly required?: readonly string[];
  readonly items?: SchemaOrTruth;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly allOf?: readonly JsonSchema[];
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
}

export type SchemaOrTruth = JsonSchema | boolean;

/** The control that a field gets. */
export type FieldKind =
  | "choice"
  | "switch"
  | "number"
  | "text"
  | "longText"
  | "texts"
  | "object"
  | "objects"
  | "any";

/** A text that may be longer than this gets lines. */
const SHORT_TEXT_MAX = 1024;
const REFERENCES_MAX = 16;

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Follows references within the document; what stands beside a reference goes before it. */
export function resolve(schema: SchemaOrTruth | undefined, root: JsonSchema): JsonSchema {
  let found: JsonSchema = typeof schema === "object" ? schema : {};
  for (let count = 0; found.$ref !== undefined && count < REFERENCES_MAX; count++) {
    const { $ref, ...beside } = found;
    found = { ...targetOf($ref, root), ...beside };
  }
  return found;
}

function targetOf(reference: string, root: JsonSchema): JsonSchema {
  let found: unknown = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) ? found[name] : undefined;
  }
  return isObject(found) ? (found as JsonSchema) : {};
}

/** The fields of an object, those included that only some values of other fields have. */
export function fieldsOf(
  schema: JsonSchema,
  root: JsonSchema,
  value: JsonObject,
): { readonly name: string; readonly schema: JsonSchema; readonly isRequired: boolean }[] {
  const parts = [schema, ...branchesOf(schema, root, value)];
  const properties = new Map<string, JsonSchema>();
  const required = new Set<string>();
  for (const part of parts) {
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      if (typeof property === "object") properties.set(name, resolve(property, root));
    }
    for (const name of part.required ?? []) required.add(name);
  }
  return [...properties].map(([name, property]) => ({
    name,
    schema: property,
    isRequired: required.has(name),
  }));
}

function branchesOf(schema: JsonSchema, root: JsonSchema, value: JsonObject): JsonSchema[] {
  return (schema.allOf ?? []).flatMap((each) => {
    if (each.if === undefined) return [resolve(each, root)];
    const conditions = Object.entries(each.if.properties ?? {});
    const holds = conditions.every(([name, wanted]) => resolve(wanted, root).const === value[name]);
    return holds ? [resolve(each.then, root)] : [];
  });
}

/** The control for a field. */
export function kindOf(schema: JsonSchema, root: JsonSchema): FieldKind {
  if (schema.enum !== undefined) return "choice";
  switch (schema.type) {
    case "boolean":
      return "switch";
    case "integer":
    case "number":
      return "number";
    case "string":
      return schema.maxLength !== undefined && schema.maxLength <= SHORT_TEXT_MAX ? "text" : "longText";
    case "object":
      return schema.properties === undefined && schema.allOf === undefined ? "any" : "object";
    case "array":
      return listKindOf(resolve(schema.items, root), root);
    default:
      return "any";
  }
}

function listKindOf(items: JsonSchema, root: JsonSchema): FieldKind {
  const kind = kindOf(items, root);
  if (kind === "object") return "objects";
  return items.type === "string" && items.enum === undefined ? "texts" : "any";
}

/** `maxAttempts` -> `Max attempts`. */
export function labelOf(name: string, schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a new value of a schema begins with: what is required of an object, with its defaults. */
export function beginningOf(schema: JsonSchema, root: JsonSchema): Json {
  if (schema.default !== undefined) return schema.default as Json;
  if (schema.enum !== undefined) return (schema.enum[0] ?? null) as Json;
  if (schema.type === "object") {
    let value: JsonObject = {};
    for (const field of fieldsOf(schema, root, value)) {
      if (field.isRequired) value = { ...value, [field.name]: beginningOf(field.schema, root) };
    }
    return value;
  }
  if (schema.type === "array") return [];
  if (schema.type === "boolean") return false;
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 0;
  return "";
}

/** A copy of an object with one member changed; without it if the value is undefined. */
export function withMember(value: JsonObject, name: string, member: Json | undefined): JsonObject {
  if (member !== undefined) return { ...value, [name]: member };
  const { [name]: _, ...rest } = value;
  return rest;
}
