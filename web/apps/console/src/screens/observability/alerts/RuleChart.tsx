import type { EventFilter } from "@timeloom/client";
import { type MetricsQuery, useMetrics } from "@timeloom/client/react";
import { useMemo } from "react";
import { DURATION_STEPS, TimeChart } from "../../../ui/TimeChart";
import type { Span } from "../../../ui/time-range";
import { groupLines, metricLines, timesOf } from "../dashboard/figures";
import { Panel } from "../dashboard/Panel";
import { type AlertComparison, type AlertMetric, isRelative } from "./draft";
import { METRIC_LABELS, metricText } from "./words";

const POINTS_MAX = 120;
const GROUPS_MAX = 5;
const CHART_PX = 150;
const NONE: readonly Span[] = [];

interface RuleChartProps {
  readonly metric: AlertMetric;
  readonly comparison: AlertComparison;
  readonly threshold: number;
  readonly filter: EventFilter;
  readonly groupBy: readonly string[];
  readonly windowSeconds: number;
  readonly span: Span;
  /** When it fired. */
  readonly fired?: readonly Span[];
}

/** The metric of a rule in steps that are as long as its window where there is room, with its threshold. */
export function RuleChart(of: RuleChartProps) {
  const { metric, comparison, threshold, filter, groupBy, span, fired = NONE } = of;
  const stepSeconds = Math.max(of.windowSeconds, Math.ceil((span.to - span.from) / 1000 / POINTS_MAX));
  const reading = useMetrics(
    {
      metrics: [metric] as NonNullable<MetricsQuery["metrics"]>,
      filter: {
        ...filter,
        startedAfter: new Date(span.from).toISOString(),
        startedBefore: new Date(span.to).toISOString(),
      },
      stepSeconds,
      groupBy: [...groupBy].slice(0, 1) as NonNullable<MetricsQuery["groupBy"]>,
      seriesLimit: GROUPS_MAX,
    },
    { keepsPrevious: true },
  );
  const isGrouped = groupBy.length > 0;
  const times = useMemo(() => timesOf(reading.data), [reading.data]);
  const series = useMemo(() => {
    if (isGrouped) return groupLines(reading.data, metric).filter((each) => each.id !== "");
    return metricLines(reading.data, [{ metric, label: METRIC_LABELS[metric], tone: 1 }]);
  }, [reading.data, metric, isGrouped]);
  const format = useMemo(() => (value: number) => metricText(metric, value), [metric]);
  const thresholds = useMemo(
    () =>
      isRelative(comparison)
        ? []
        : [{ value: threshold, label: `threshold ${metricText(metric, threshold)}` }],
    [comparison, threshold, metric],
  );
  return (
    <Panel title="The metric over time" reading={reading} heightPx={CHART_PX + 28}>
      <TimeChart
        label="The rule's metric over time"
        times={times}
        stepMs={stepSeconds * 1000}
        span={span}
        series={series}
        formatValue={format}
        height={CHART_PX}
        thresholds={thresholds}
        shaded={fired}
        {...(metric.startsWith("DURATION") && { steps: DURATION_STEPS })}
      />
    </Panel>
  );
}
