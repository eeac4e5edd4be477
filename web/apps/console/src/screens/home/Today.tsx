import type { EventFilter } from "@timeloom/client";
import { useExecutionCounts, useMetrics } from "@timeloom/client/react";
import { useMemo } from "react";
import { formatCost, formatCount, formatDuration } from "../../ui/format";
import { useNow } from "../../ui/Time";
import { DURATION_STEPS, TimeChart } from "../../ui/TimeChart";
import { resolveRange, type Span, spanBefore } from "../../ui/time-range";
import { figureOf, growth, metricLines, timesOf, valuesOf } from "../observability/dashboard/figures";
import { Panel } from "../observability/dashboard/Panel";
import panels from "../observability/dashboard/Panel.module.css";
import { Tile } from "../observability/dashboard/Tile";
import tiles from "../observability/dashboard/Tile.module.css";

const STEP_SECONDS = 3_600;
const CHART_PX = 150;
const KEPT = { keepsPrevious: true } as const;
const METRICS = ["COUNT", "ERROR_COUNT", "DURATION_P50", "DURATION_P95", "TOTAL_TOKENS", "COST"] as const;
const DURATION_LINES = [
  { metric: "DURATION_P95", label: "p95", tone: 0 },
  { metric: "DURATION_P50", label: "p50", tone: 1 },
] as const;
const COST_BARS = [{ metric: "COST", label: "Cost", tone: 0 }] as const;

/** The last 24 hours in numbers. */
export function Today() {
  const { from, to } = resolveRange({ kind: "last", seconds: 86_400 }, useNow());
  const span = useMemo(() => ({ from, to }), [from, to]);
  const createdAfter = new Date(from).toISOString();
  const running = useExecutionCounts({ statuses: ["RUNNING"], valueLimit: 1 }, KEPT);
  const failed = useExecutionCounts({ statuses: ["FAILED"], createdAfter, valueLimit: 1 }, KEPT);
  const hourly = useMetrics({ ...asked(span), stepSeconds: STEP_SECONDS }, KEPT);
  const total = useMetrics(asked(span), KEPT);
  const before = useMetrics(asked(spanBefore(span)), KEPT);
  const [now, then] = [total.data?.series[0], before.data?.series[0]];
  const course = hourly.data?.series[0];
  const times = useMemo(() => timesOf(hourly.data), [hourly.data]);
  const durations = useMemo(() => metricLines(hourly.data, DURATION_LINES), [hourly.data]);
  const costs = useMemo(() => metricLines(hourly.data, COST_BARS), [hourly.data]);
  const figure = (metric: string, format: (value: number) => string) =>
    total.data && format(figureOf(now, metric) ?? 0);
  const grown = (metric: string) => growth(figureOf(now, metric), figureOf(then, metric));
  const shared = { times, span, stepMs: STEP_SECONDS * 1000, height: CHART_PX, syncKey: "home" };
  return (
    <section aria-label="Last 24 hours">
      <div className={tiles.tiles}>
        <Tile
          label="Running now"
          value={running.data && formatCount(running.data.count)}
          growth={undefined}
          growthIs="neutral"
          values={[]}
          to={{ to: "/executions", search: { status: ["RUNNING"] } }}
        />
        <Tile
          label="Failed in 24 hours"
          value={failed.data && formatCount(failed.data.count)}
          growth={undefined}
          growthIs="bad"
          values={valuesOf(course, "ERROR_COUNT")}
          to={{ to: "/executions", search: { status: ["FAILED"] } }}
        />
        <Tile
          label="Cost of 24 hours"
          value={figure("COST", formatCost)}
          growth={grown("COST")}
          growthIs="bad"
          values={valuesOf(course, "COST")}
          to={{ to: "/observability", search: { by: "model" } }}
        />
        <Tile
          label="Tokens of 24 hours"
          value={figure("TOTAL_TOKENS", formatCount)}
          growth={grown("TOTAL_TOKENS")}
          growthIs="neutral"
          values={valuesOf(course, "TOTAL_TOKENS")}
          to={{ to: "/observability" }}
        />
        <Tile
          label="Model calls, p95"
          value={total.data && durationOf(figureOf(now, "DURATION_P95"))}
          growth={grown("DURATION_P95")}
          growthIs="bad"
          values={valuesOf(course, "DURATION_P95")}
          to={{ to: "/observability/events", search: { order: "duration desc" } }}
        />
      </div>
      {(figureOf(now, "COUNT") ?? 0) > 0 && (
        <div className={panels.panels} style={{ marginTop: 10 }}>
          <Panel title="Cost" hint="per hour" reading={hourly} heightPx={CHART_PX}>
            <TimeChart
              label="Cost"
              series={costs}
              form="bars"
              formatValue={formatCost}
              hasLegend={false}
              {...shared}
            />
          </Panel>
          <Panel title="Duration" hint="of model calls, per hour" reading={hourly} heightPx={CHART_PX}>
            <TimeChart
              label="Duration"
              series={durations}
              formatValue={formatDuration}
              steps={DURATION_STEPS}
              hasLegend={false}
              {...shared}
            />
          </Panel>
        </div>
      )}
    </section>
  );
}

// What agents spend and wait for are the calls of models.
function asked({ from, to }: Span) {
  const filter: EventFilter = {
    kinds: ["LLM"],
    startedAfter: new Date(from).toISOString(),
    startedBefore: new Date(to).toISOString(),
  };
  return { filter, metrics: METRICS };
}

function durationOf(value: number | undefined): string {
  return value === undefined ? "none" : formatDuration(value);
}
