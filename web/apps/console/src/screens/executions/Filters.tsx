import { Alert, Button, Stack, Text } from "@mantine/core";
import type { ExecutionStatus } from "@timeloom/client";
import { type Facet, FacetList } from "../../ui/FacetList";
import { formatCount, formatDuration, wordsOf } from "../../ui/format";
import { Histogram } from "../../ui/Histogram";
import classes from "./Executions.module.css";
import { durationRange, type ExecutionsSearch, narrowings, STATUSES } from "./search";
import { useExecutionCounts } from "./useExecutionList";

interface FiltersProps {
  readonly search: ExecutionsSearch;
  /** Takes what is to be another than before; undefined narrows nothing. */
  readonly onChange: (changes: { [K in keyof ExecutionsSearch]?: ExecutionsSearch[K] | undefined }) => void;
}

type Counts = ReturnType<typeof useExecutionCounts>["data"];

/** What the list can be narrowed to, and how many executions there are of each. */
export function Filters({ search, onChange }: FiltersProps) {
  const { data: counts, error } = useExecutionCounts(search);
  const bins = (counts?.durations ?? []).map((bin) => ({
    from: bin.durationMsMin,
    to: bin.durationMsMax,
    count: bin.count,
  }));
  const statuses = facetsOf(counts, "status");
  return (
    <Stack gap="lg">
      <FacetList
        title="Status"
        facets={STATUSES.map((status) => ({
          value: status,
          label: wordsOf(status),
          count: counts && (statuses.find((each) => each.value === status)?.count ?? 0),
        }))}
        selected={search.status ?? []}
        onChange={(status) => onChange({ status: orNone(status as ExecutionStatus[]) })}
      />
      {bins.length > 0 && (
        <div>
          <div className={classes.histogramTitle}>Duration</div>
          <Histogram
            label="Duration"
            bins={bins}
            range={durationRange(search)}
            onChange={(range) => onChange({ min: range?.from, max: range?.to })}
            format={formatBound}
          />
        </div>
      )}
      <FacetList
        title="Agent"
        facets={facetsOf(counts, "agent_id")}
        selected={search.agent ?? []}
        onChange={(agent) => onChange({ agent: orNone(agent) })}
        empty="No agent has run"
      />
      <FacetList
        title="Tag"
        facets={facetsOf(counts, "tag")}
        selected={search.tag ?? []}
        onChange={(tag) => onChange({ tag: orNone(tag) })}
        empty="Nothing has a tag"
      />
      {search.session !== undefined && (
        <FacetList
          title="Session"
          facets={[]}
          selected={[search.session]}
          onChange={([session]) => onChange({ session })}
        />
      )}
      {counts?.isCut && (
        <Text size="xs" c="dimmed">
          Counted over the newest {formatCount(200_000)} executions.
        </Text>
      )}
      {error !== null && (
        <Alert color="red" variant="light" p="xs">
          <Text size="xs">The counts could not be read: {error.message}</Text>
        </Alert>
      )}
      {narrowings(search) > 0 && (
        <Button
          size="xs"
          variant="default"
          onClick={() =>
            onChange({
              q: undefined,
              status: undefined,
              agent: undefined,
              tag: undefined,
              session: undefined,
              min: undefined,
              max: undefined,
            })
          }
        >
          Take all filters away
        </Button>
      )}
    </Stack>
  );
}

function facetsOf(counts: Counts, field: string): Facet[] {
  return counts?.facets.find((each) => each.field === field)?.values ?? [];
}

function orNone<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** Bounds of bins are powers of two: two digits say enough. */
function formatBound(milliseconds: number): string {
  return milliseconds === 0 ? "0" : formatDuration(Number(milliseconds.toPrecision(2)));
}
