import { SegmentedControl, Switch } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTelemetryStats } from "@timeloom/client/react";
import { useCallback } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { Page } from "../../../ui/Page";
import { ErrorState } from "../../../ui/states";
import { TimeRangePicker } from "../../../ui/TimeRangePicker";
import { between, type Span, writeRange } from "../../../ui/time-range";
import { type DashboardSearch, SCOPES } from "../routes";
import { FilterChips } from "../shared/FilterChips";
import { type FilterSearch, rangeOf } from "../shared/filter";
import { NothingYet } from "../shared/NothingYet";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";
import { Panels } from "./Panels";
import { Tiles } from "./Tiles";
import { TopTable } from "./TopTable";
import { useDashboard } from "./use-dashboard";

const SCOPE_LABELS = { traces: "Traces", agents: "Agents", models: "Models", tools: "Tools" } as const;

/** What agents do, in numbers: how often, how well, how fast, how dear. */
export function DashboardPage() {
  const search = useSearch({ from: "/observability" });
  const navigate = useNavigate({ from: "/observability" });
  const stats = useTelemetryStats();
  const dashboard = useDashboard(search);
  const change = useCallback(
    (next: DashboardSearch, replace = false) => void navigate({ search: next, replace }),
    [navigate],
  );
  /** Opens the events that something shown is made of. */
  const open = useCallback(
    (filter: FilterSearch, span?: Span) => {
      const range = span === undefined ? search.range : writeRange(between(span));
      void navigate({
        to: "/observability/events",
        search: { ...filter, ...(range !== undefined && { range }) },
      });
    },
    [navigate, search.range],
  );
  const isCompared = search.compare === true;
  const compare = () => {
    const { compare: _, ...rest } = search;
    change(isCompared ? rest : { ...rest, compare: true }, true);
  };
  useShortcut({ keys: "c", label: "Compare with the time before", group: "This screen" }, compare);
  return (
    <Page
      title="Observability"
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="Rates, errors and durations of"
            data={SCOPES.map((value) => ({ value, label: SCOPE_LABELS[value] }))}
            value={search.scope ?? "traces"}
            onChange={(scope) => change({ ...search, scope: scope as (typeof SCOPES)[number] }, true)}
          />
          <Switch size="xs" label="Time before" checked={isCompared} onChange={compare} />
          <TimeRangePicker
            value={rangeOf(search)}
            onChange={(range) => change({ ...search, range: writeRange(range) })}
          />
        </>
      }
      below={
        <>
          <ObservabilityTabs range={search.range} />
          <FilterChips search={search} onChange={change} />
        </>
      }
    >
      {stats.isError && <ErrorState error={stats.error} onRetry={() => void stats.refetch()} />}
      {stats.data?.eventCount === 0 ? (
        <NothingYet />
      ) : (
        <>
          <Tiles
            dashboard={dashboard}
            scopeLabel={SCOPE_LABELS[search.scope ?? "traces"]}
            range={search.range}
          />
          <Panels
            dashboard={dashboard}
            isCompared={isCompared}
            scopeLabel={SCOPE_LABELS[search.scope ?? "traces"]}
            onOpen={open}
          />
          <TopTable
            dashboard={dashboard}
            onBy={(by) => change({ ...search, by }, true)}
            onOpen={open}
            onNarrow={(filter) => change({ ...search, ...filter })}
          />
        </>
      )}
    </Page>
  );
}
