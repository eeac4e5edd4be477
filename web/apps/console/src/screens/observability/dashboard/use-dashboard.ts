import type { EventFilter } from "@timeloom/client";
import { type MetricsQuery, useMetrics } from "@timeloom/client/react";
import { useMemo } from "react";
import { useNow } from "../../../ui/Time";
import { resolveRange, type Span, spanBefore, stepSecondsOf } from "../../../ui/time-range";
import type { DashboardSearch } from "../routes";
import { eventFilter, type FilterSearch, rangeOf, readFilter } from "../shared/filter";

const POINTS_MAX = 72;
const GROUPS_MAX = 7;
const ROWS_MAX = 10;
const KEPT = { keepsPrevious: true } as const;

type Metrics = NonNullable<MetricsQuery["metrics"]>;
type Metric = Metrics[number];

const OF_SCOPE: Readonly<Record<NonNullable<DashboardSearch["scope"]>, FilterSearch>> = {
  traces: { types: ["SPAN"], rootsOnly: true },
  agents: { kinds: ["AGENT"] },
  models: { kinds: ["LLM"] },
  tools: { kinds: ["TOOL"] },
};

const DURATIONS: Metrics = ["COUNT", "ERROR_COUNT", "DURATION_P50", "DURATION_P95", "DURATION_P99"];
const TOTALS: Metrics = ["COUNT", "ERROR_RATE", "DURATION_P95"];
const SPENT: Metrics = ["INPUT_TOKENS", "OUTPUT_TOKENS", "TOTAL_TOKENS", "COST"];
const BY_MODEL: Metrics = ["COST", "DURATION_P95", "TOTAL_TOKENS"];
const TOP: Metrics = ["COUNT", "ERROR_RATE", "DURATION_P95", "TOTAL_TOKENS", "COST"];

/** Everything that the dashboard asks. */
export function useDashboard(search: DashboardSearch) {
  const now = useNow();
  const range = search.range;
  const { from, to } = resolveRange(rangeOf({ ...(range !== undefined && { range }) }), now);
  const span = useMemo(() => ({ from, to }), [from, to]);
  const before = spanBefore(span);
  const own = readFilter(search as Record<string, unknown>);
  const scoped = { ...own, ...OF_SCOPE[search.scope ?? "traces"] };
  const models = { ...own, kinds: ["LLM"] };
  const step = stepSecondsOf(span, POINTS_MAX);
  const by = search.by ?? "model";
  const isCompared = search.compare === true;
  return {
    span,
    stepMs: step * 1000,
    scoped,
    models,
    outcome: useMetrics(asked(DURATIONS, scoped, span, step), KEPT),
    outcomeBefore: useMetrics(asked(DURATIONS, scoped, before, step), { ...KEPT, enabled: isCompared }),
    totals: useMetrics(asked(TOTALS, scoped, span), KEPT),
    totalsBefore: useMetrics(asked(TOTALS, scoped, before), KEPT),
    spent: useMetrics(asked(SPENT, models, span, step), KEPT),
    spentBefore: useMetrics(asked(SPENT, models, before, step), { ...KEPT, enabled: isCompared }),
    spentTotals: useMetrics(asked(SPENT, models, span), KEPT),
    spentTotalsBefore: useMetrics(asked(SPENT, models, before), KEPT),
    byModel: useMetrics(asked(BY_MODEL, models, span, step, ["model"], GROUPS_MAX), KEPT),
    errors: useMetrics(
      asked(["COUNT"], { ...own, statuses: ["ERROR"] }, span, step, ["error_type"], GROUPS_MAX),
      KEPT,
    ),
    top: useMetrics(asked(TOP, by === "user_id" ? own : ofGroup(own, by), span, 0, [by], ROWS_MAX), KEPT),
    by,
  };
}

// What a tool took is told by its own spans, and what a model took by those of its calls.
function ofGroup(own: FilterSearch, by: string): FilterSearch {
  const kind = { model: "LLM", tool_name: "TOOL" }[by];
  return kind === undefined ? own : { ...own, kinds: [kind] };
}

function asked(
  metrics: Metrics,
  filter: FilterSearch,
  span: Span,
  stepSeconds = 0,
  groupBy?: readonly string[],
  seriesLimit?: number,
): MetricsQuery {
  return {
    metrics: [...metrics] as Metric[],
    filter: eventFilter(filter, span) as EventFilter,
    stepSeconds,
    ...(groupBy !== undefined && { groupBy: [...groupBy] as NonNullable<MetricsQuery["groupBy"]> }),
    ...(seriesLimit !== undefined && { seriesLimit }),
  } as MetricsQuery;
}
