import { FacetList } from "../../../ui/FacetList";
import { formatDuration } from "../../../ui/format";
import { Histogram } from "../../../ui/Histogram";
import { ErrorState } from "../../../ui/states";
import type { EventsSearch } from "../routes";
import { FIELD_LABELS, type ListField } from "../shared/filter";
import classes from "./EventsPage.module.css";
import type { EventFacets } from "./facet-values";
import { durationBins, facetValues } from "./facet-values";

export const FACET_FIELDS = [
  "status",
  "kind",
  "agent_id",
  "model",
  "tool_name",
  "error_type",
  "service_name",
  "type",
  "name",
] as const;

const LIST_OF: Readonly<Record<(typeof FACET_FIELDS)[number], ListField>> = {
  status: "statuses",
  kind: "kinds",
  agent_id: "agentIds",
  model: "models",
  tool_name: "toolNames",
  error_type: "errorTypes",
  service_name: "serviceNames",
  type: "types",
  name: "names",
};

interface FacetsProps {
  readonly search: EventsSearch;
  readonly counts: EventFacets | undefined;
  readonly error: unknown;
  readonly onChange: (search: EventsSearch) => void;
}

/** How many events there are of what, and how long they took; each value narrows the list. */
export function Facets({ search, counts, error, onChange }: FacetsProps) {
  if (error !== null && counts === undefined) return <ErrorState error={error} />;
  const bins = durationBins(counts);
  const { durationMsMin: from, durationMsMax: to, ...timeless } = search;
  return (
    <>
      {bins.length > 0 && (
        <div className={classes.durations}>
          <h2 className={classes.heading}>Duration</h2>
          <Histogram
            label="Events by duration"
            bins={bins}
            range={from === undefined && to === undefined ? undefined : { from, to }}
            format={formatDuration}
            onChange={(chosen) =>
              onChange({
                ...timeless,
                ...(chosen?.from !== undefined && { durationMsMin: chosen.from }),
                ...(chosen?.to !== undefined && { durationMsMax: chosen.to }),
              })
            }
          />
        </div>
      )}
      {FACET_FIELDS.map((facet) => {
        const field = LIST_OF[facet];
        return (
          <FacetList
            key={facet}
            title={FIELD_LABELS[field]}
            facets={facetValues(counts, facet)}
            selected={search[field] ?? []}
            onChange={(selected) => {
              const { [field]: _, ...rest } = search;
              onChange(selected.length > 0 ? { ...rest, [field]: selected } : rest);
            }}
          />
        );
      })}
    </>
  );
}
