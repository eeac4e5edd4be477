import { useMemo } from "react";
import { formatCost, formatCount, formatDuration } from "../../../ui/format";
import { type ChartPick, type ChartSeries, DURATION_STEPS, TimeChart } from "../../../ui/TimeChart";
import type { Span } from "../../../ui/time-range";
import type { FilterSearch } from "../shared/filter";
import { type Answered, groupLines, lineBefore, metricLines, outcomeBars, timesOf } from "./figures";
import { Panel } from "./Panel";
import classes from "./Panel.module.css";
import type { useDashboard } from "./use-dashboard";

const SYNC = "dashboard";
const CHART_PX = 170;
const PANEL_PX = CHART_PX + 28;

interface PanelsProps {
  readonly dashboard: ReturnType<typeof useDashboard>;
  readonly isCompared: boolean;
  readonly scopeLabel: string;
  /** Opens the events behind a part of a chart. */
  readonly onOpen: (filter: FilterSearch, span: Span) => void;
}

/** The numbers over time. */
export function Panels({ dashboard, isCompared, scopeLabel, onOpen }: PanelsProps) {
  const { scoped, models, outcome, outcomeBefore, spent, spentBefore, byModel, errors } = dashboard;
  const own = useMemo(() => ({ ...models, kinds: [] }), [models]);
  const chart = { dashboard, isCompared, onOpen };
  return (
    <div className={classes.panels} style={{ marginBlock: 10 }}>
      <Chart
        {...chart}
        title={scopeLabel}
        hint={`per ${stepLabel(dashboard.stepMs)}`}
        reading={outcome}
        before={outcomeBefore.data}
        metric="COUNT"
        make={outcomeBars}
        form="stack"
        format={formatCount}
        filter={scoped}
        filterOf={(id) => (id === "errors" ? { ...scoped, statuses: ["ERROR"] } : scoped)}
      />
      <Chart
        {...chart}
        title="Duration"
        hint={`of ${scopeLabel.toLowerCase()}`}
        reading={outcome}
        before={outcomeBefore.data}
        metric="DURATION_P95"
        make={durationLines}
        format={formatDuration}
        steps={DURATION_STEPS}
        filter={{ ...scoped }}
      />
      <Chart
        {...chart}
        title="Cost by model"
        hint={`per ${stepLabel(dashboard.stepMs)}`}
        reading={byModel}
        before={spentBefore.data}
        metric="COST"
        make={costBars}
        form="stack"
        format={formatCost}
        filter={models}
        filterOf={(id) => ({ ...models, ...(id !== "" && { models: [id] }) })}
      />
      <Chart
        {...chart}
        title="Tokens"
        hint={`per ${stepLabel(dashboard.stepMs)}`}
        reading={spent}
        before={spentBefore.data}
        metric="TOTAL_TOKENS"
        make={tokenBars}
        form="stack"
        format={formatCount}
        filter={models}
      />
      <Chart
        {...chart}
        title="Duration by model"
        hint="p95 of calls"
        reading={byModel}
        make={modelDurations}
        format={formatDuration}
        steps={DURATION_STEPS}
        filter={models}
        filterOf={(id) => ({ ...models, ...(id !== "" && { models: [id] }) })}
      />
      <Chart
        {...chart}
        title="Errors by type"
        hint={`per ${stepLabel(dashboard.stepMs)}, of all events`}
        reading={errors}
        make={errorBars}
        form="stack"
        format={formatCount}
        filter={{ ...own, statuses: ["ERROR"] }}
        filterOf={(id) => ({ ...own, statuses: ["ERROR"], ...(id !== "" && { errorTypes: [id] }) })}
      />
    </div>
  );
}

interface ChartProps extends Omit<PanelsProps, "scopeLabel"> {
  readonly title: string;
  readonly hint: string;
  readonly reading: ReturnType<typeof useDashboard>["outcome"];
  /** The answer of the time before, and the metric of it that is compared. */
  readonly before?: Answered | undefined;
  readonly metric?: string;
  /** Makes what is drawn; the same function each time. */
  readonly make: (answer: Answered | undefined) => ChartSeries[];
  readonly form?: "stack";
  readonly format: (value: number) => string;
  readonly steps?: readonly number[];
  readonly filter: FilterSearch;
  /** The filter of what one of the series is made of. */
  readonly filterOf?: (seriesId: string) => FilterSearch;
}

function Chart(of: ChartProps) {
  const { dashboard, reading, before, metric, make, isCompared, filter, filterOf, onOpen } = of;
  const { span, stepMs } = dashboard;
  const times = useMemo(() => timesOf(reading.data), [reading.data]);
  const series = useMemo(() => {
    const made = make(reading.data);
    if (!isCompared || before === undefined || metric === undefined) return made;
    return [...made, lineBefore(times, before, metric, { lengthMs: span.to - span.from, stepMs })];
  }, [make, reading.data, isCompared, before, metric, times, span, stepMs]);
  const pick = ({ span: at, seriesId }: ChartPick) =>
    onOpen(seriesId === undefined ? filter : (filterOf?.(seriesId) ?? filter), at);
  return (
    <Panel title={of.title} hint={of.hint} reading={reading} heightPx={PANEL_PX}>
      <TimeChart
        label={of.title}
        times={times}
        stepMs={stepMs}
        span={span}
        series={series}
        formatValue={of.format}
        height={CHART_PX}
        syncKey={SYNC}
        onPick={pick}
        onSelectSpan={(selected) => onOpen(filter, selected)}
        {...(of.form !== undefined && { form: of.form })}
        {...(of.steps !== undefined && { steps: of.steps })}
      />
    </Panel>
  );
}

const DURATION_LINES = [
  { metric: "DURATION_P50", label: "p50", tone: 5 },
  { metric: "DURATION_P95", label: "p95", tone: 0 },
  { metric: "DURATION_P99", label: "p99", tone: 6 },
] as const;

const TOKEN_BARS = [
  { metric: "OUTPUT_TOKENS", label: "Output", tone: 3 },
  { metric: "INPUT_TOKENS", label: "Input", tone: 1 },
] as const;

const durationLines = (answer: Answered | undefined) => metricLines(answer, DURATION_LINES);
const tokenBars = (answer: Answered | undefined) => metricLines(answer, TOKEN_BARS);
const costBars = (answer: Answered | undefined) => groupLines(answer, "COST");
const modelDurations = (answer: Answered | undefined) => groupLines(answer, "DURATION_P95");

function errorBars(answer: Answered | undefined): ChartSeries[] {
  const named = groupLines(answer, "COUNT");
  const unnamed = answer?.series.find((each) => !each.isRest && each.group[0] === "");
  if (unnamed === undefined) return named;
  const [rest] = groupLines({ times: answer?.times ?? [], series: [{ ...unnamed, isRest: true }] }, "COUNT");
  return rest === undefined ? named : [...named, { ...rest, id: "", label: "No type given" }];
}

function stepLabel(stepMs: number): string {
  return formatDuration(stepMs).replace(/^1([mhd])$/, "$1");
}
