import { Fieldset, MultiSelect, Switch, TagsInput } from "@mantine/core";
import type { EventFilter } from "@timeloom/client";
import { useEventFacets } from "@timeloom/client/react";
import { lookOfKind } from "../shared/kinds";
import type { DraftProps } from "./RuleForm";

const KINDS = [
  "AGENT",
  "LLM",
  "TOOL",
  "RETRIEVER",
  "EMBEDDING",
  "WORKFLOW",
  "CHAIN",
  "GUARDRAIL",
  "EVALUATOR",
  "OTHER",
];
const VALUES_MAX = 50;

const NAMED = [
  { field: "agentIds", facet: "agent_id", label: "Agents" },
  { field: "models", facet: "model", label: "Models" },
  { field: "toolNames", facet: "tool_name", label: "Tools" },
  { field: "serviceNames", facet: "service_name", label: "Services" },
] as const;

/** Of which events a rule is. */
export function FilterFields({ draft, onChange, errorOf }: DraftProps) {
  const { filter } = draft;
  const known = useEventFacets({ fields: NAMED.map((each) => each.facet), valueLimit: VALUES_MAX });
  const narrow = (part: EventFilter) => onChange({ filter: { ...filter, ...part } });
  const values = (facet: string) =>
    known.data?.facets
      .find((each) => each.field === facet)
      ?.values.map((each) => each.value)
      .filter(Boolean) ?? [];
  return (
    <Fieldset legend="Of which events" p="sm">
      <Switch
        size="xs"
        mb="xs"
        label="Whole traces only"
        checked={filter.rootsOnly ?? false}
        onChange={(event) => {
          const { rootsOnly: _, types: __, ...rest } = filter;
          onChange({
            filter: event.currentTarget.checked ? { ...rest, rootsOnly: true, types: ["SPAN"] } : rest,
          });
        }}
      />
      <MultiSelect
        size="xs"
        label="Kinds"
        placeholder={filter.kinds?.length ? "" : "All"}
        data={KINDS.map((value) => ({ value, label: lookOfKind(value).label }))}
        value={filter.kinds ?? []}
        error={errorOf("filter.kinds")}
        hidePickedOptions
        onChange={(kinds) => narrow({ kinds: kinds as NonNullable<EventFilter["kinds"]> })}
      />
      {NAMED.map(({ field, facet, label }) => (
        <TagsInput
          key={field}
          size="xs"
          mt={6}
          label={label}
          placeholder={filter[field]?.length ? "" : "All"}
          data={values(facet)}
          value={filter[field] ?? []}
          maxTags={VALUES_MAX}
          error={errorOf(`filter.${field}`)}
          onChange={(chosen) => narrow({ [field]: chosen })}
        />
      ))}
    </Fieldset>
  );
}
