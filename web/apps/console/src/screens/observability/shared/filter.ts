import type { EventFilter } from "@timeloom/client";
import { DEFAULT_RANGE, parseRange, resolveRange, type Span, type TimeRange } from "../../../ui/time-range";

/** The fields of a filter that have several values, of which one must hold. */
export const LIST_FIELDS = [
  "types",
  "kinds",
  "statuses",
  "agentIds",
  "models",
  "providers",
  "toolNames",
  "serviceNames",
  "errorTypes",
  "names",
  "tags",
  "attributes",
] as const;
/** Those that have one. */
export const TEXT_FIELDS = ["traceId", "executionId", "sessionId", "userId", "words", "severityMin"] as const;
/** Bounds of durations, in milliseconds. */
export const NUMBER_FIELDS = ["durationMsMin", "durationMsMax"] as const;

export type ListField = (typeof LIST_FIELDS)[number];
export type TextField = (typeof TEXT_FIELDS)[number];
export type FilterField = ListField | TextField | (typeof NUMBER_FIELDS)[number] | "rootsOnly";

/** A filter of events as a URL has it, without its times. */
export type FilterSearch = {
  readonly [Field in ListField]?: readonly string[];
} & { readonly [Field in TextField]?: string } & {
  readonly [Field in (typeof NUMBER_FIELDS)[number]]?: number;
} & { readonly rootsOnly?: boolean };

/** A filter and its times. */
export interface RangeSearch extends FilterSearch {
  readonly range?: string;
}

const VALUES_MAX = 50;

/** Reads a filter from a URL; what is no filter is left out. */
export function readFilter(search: Readonly<Record<string, unknown>>): FilterSearch {
  const found: Record<string, unknown> = {};
  for (const field of LIST_FIELDS) {
    const values = asTexts(search[field]);
    if (values.length > 0) found[field] = values;
  }
  for (const field of TEXT_FIELDS) {
    const value = asText(search[field]);
    if (value !== "") found[field] = value;
  }
  for (const field of NUMBER_FIELDS) {
    const value = search[field];
    if (typeof value === "number" && value > 0) found[field] = value;
  }
  if (search.rootsOnly === true) found.rootsOnly = true;
  return found;
}

/** Reads a filter with its range from a URL; the default range is left out. */
export function readRangeSearch(search: Readonly<Record<string, unknown>>): RangeSearch {
  const range = asText(search.range);
  const isOwn = range !== DEFAULT_RANGE && parseRange(range) !== undefined;
  return { ...readFilter(search), ...(isOwn && { range }) };
}

// The router reads digits as a number.
function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

function asTexts(value: unknown): string[] {
  const values = Array.isArray(value) ? value : [value];
  return values
    .map(asText)
    .filter((each) => each !== "")
    .slice(0, VALUES_MAX);
}

/** The range that a URL names, or the usual one. */
export function rangeOf(search: RangeSearch): TimeRange {
  return parseRange(search.range ?? DEFAULT_RANGE) ?? { kind: "last", seconds: 86_400 };
}

/** A filter as the interface takes it, over a span of time. The router has checked what a URL says of it. */
export function eventFilter(search: FilterSearch, span?: Span): EventFilter {
  const { range: _, ...filter } = search as RangeSearch;
  const times = span && {
    startedAfter: new Date(span.from).toISOString(),
    startedBefore: new Date(span.to).toISOString(),
  };
  return { ...(filter as EventFilter), ...times };
}

/** A filter as the interface takes it, over its own range. */
export function filterNow(search: RangeSearch, now: number): EventFilter {
  return eventFilter(readFilter(search as Record<string, unknown>), resolveRange(rangeOf(search), now));
}

/** The fields that events are counted by, each with the field of a filter that it narrows. */
export const FIELD_OF_FACET: Readonly<Record<string, FilterField>> = {
  type: "types",
  kind: "kinds",
  status: "statuses",
  severity: "severityMin",
  agent_id: "agentIds",
  model: "models",
  provider: "providers",
  tool_name: "toolNames",
  service_name: "serviceNames",
  error_type: "errorTypes",
  name: "names",
  session_id: "sessionId",
  user_id: "userId",
};

export const FIELD_LABELS: Readonly<Record<FilterField, string>> = {
  types: "Type",
  kinds: "Kind",
  statuses: "Status",
  agentIds: "Agent",
  models: "Model",
  providers: "Provider",
  toolNames: "Tool",
  serviceNames: "Service",
  errorTypes: "Error",
  names: "Name",
  tags: "Tag",
  attributes: "Attribute",
  traceId: "Trace",
  executionId: "Execution",
  sessionId: "Session",
  userId: "User",
  words: "Words",
  severityMin: "Severity from",
  durationMsMin: "Longer than",
  durationMsMax: "Shorter than",
  rootsOnly: "Roots only",
};

/** One condition of a filter, as a chip shows it. */
export interface Condition {
  readonly field: FilterField;
  readonly value: string;
}

/** The conditions of a filter, in a steady order. */
export function conditionsOf(search: FilterSearch): Condition[] {
  const lists = LIST_FIELDS.flatMap((field) => (search[field] ?? []).map((value) => ({ field, value })));
  const texts = [...TEXT_FIELDS, ...NUMBER_FIELDS].flatMap((field) =>
    search[field] === undefined ? [] : [{ field, value: String(search[field]) }],
  );
  return [...lists, ...texts, ...(search.rootsOnly ? [{ field: "rootsOnly" as const, value: "yes" }] : [])];
}

/** The same search without one condition. */
export function without<Search extends FilterSearch>(search: Search, { field, value }: Condition): Search {
  const { [field]: found, ...rest } = search;
  const left = Array.isArray(found) ? found.filter((each) => each !== value) : [];
  return (left.length > 0 ? { ...search, [field]: left } : rest) as Search;
}

/** The same search with one condition more; of a field with one value, instead of the one before. */
export function withCondition<Search extends FilterSearch>(
  search: Search,
  { field, value }: Condition,
): Search {
  if (!isList(field)) return { ...search, [field]: value };
  const values = search[field] ?? [];
  return values.includes(value) ? search : { ...search, [field]: [...values, value] };
}

export function isList(field: FilterField): field is ListField {
  return (LIST_FIELDS as readonly string[]).includes(field);
}

/** The condition that the value of a counted field makes; undefined if nothing can be asked of it. */
export function conditionOfFacet(facet: string, value: string): Condition | undefined {
  const field = FIELD_OF_FACET[facet];
  return field === undefined || value === "" ? undefined : { field, value };
}
