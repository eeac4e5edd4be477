import "uplot/dist/uPlot.min.css";
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { ChartLegend } from "./ChartLegend";
import { ChartTable } from "./ChartTable";
import { ChartTip } from "./ChartTip";
import { type ChartForm, type ChartSeries, drawnData, nearest } from "./chart-data";
import { type ChartThreshold, chartOptions } from "./chart-options";
import { useCanvasColours } from "./series-colours";
import classes from "./TimeChart.module.css";
import type { Span } from "./time-range";

export { type ChartForm, type ChartSeries, DURATION_STEPS } from "./chart-data";

/** A point that was clicked, and the series that is nearest to it. */
export interface ChartPick {
  readonly span: Span;
  readonly seriesId: string | undefined;
}

interface TimeChartProps {
  /** What the chart is called for those who do not see it. */
  readonly label: string;
  /** The beginnings of the points, in milliseconds. */
  readonly times: readonly number[];
  readonly stepMs: number;
  readonly span: Span;
  /** Keep the same array while nothing changes: another one is another chart. */
  readonly series: readonly ChartSeries[];
  readonly formatValue: (value: number) => string;
  /** How far apart the lines of the scale may be, such as `DURATION_STEPS`. */
  readonly steps?: readonly number[];
  readonly form?: ChartForm;
  readonly height?: number;
  readonly thresholds?: readonly ChartThreshold[];
  readonly shaded?: readonly Span[];
  /** Charts of one key show the same moment. */
  readonly syncKey?: string;
  readonly hasLegend?: boolean;
  readonly onSelectSpan?: (span: Span) => void;
  readonly onPick?: (pick: ChartPick) => void;
}

const HEIGHT_PX = 180;
const NONE: readonly never[] = [];

/** Values over time: hover or arrow keys read them, a drag chooses a range, a click or Enter a point. */
export function TimeChart(props: TimeChartProps) {
  const { label, times, stepMs, series, formatValue, form = "lines", height = HEIGHT_PX } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [isTable, setIsTable] = useState(false);
  const shown = useMemo(() => series.filter((each) => !hidden.has(each.id)), [series, hidden]);
  const { ref, plot, at } = usePlot({ ...props, series: shown, form, height });
  const move = (event: KeyboardEvent) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (steps !== undefined && plot.current !== undefined) {
      event.preventDefault();
      const next = Math.min(Math.max((at ?? times.length) + steps, 0), times.length - 1);
      const left = plot.current.valToPos(times[next] ?? 0, "x");
      plot.current.setCursor({ left, top: height / 2 });
    } else if (event.key === "Enter" && at !== undefined && props.onPick !== undefined) {
      event.preventDefault();
      const from = times[at] ?? 0;
      props.onPick({ span: { from, to: from + stepMs }, seriesId: undefined });
    }
  };
  const tip = { times, series: shown, at, stepMs, formatValue };
  return (
    <figure className={classes.figure} aria-label={label}>
      {isTable ? (
        <ChartTable label={label} height={height} {...tip} />
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a chart is no fieldset
        <div
          ref={ref}
          className={classes.plot}
          style={{ height }}
          role="group"
          aria-label={`${label}, arrow keys read the points`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read the points
          tabIndex={0}
          data-pickable={props.onPick !== undefined || undefined}
          onKeyDown={move}
        >
          <ChartTip left={plot.current?.cursor.left ?? 0} width={plot.current?.width ?? 0} {...tip} />
        </div>
      )}
      <ChartLegend
        series={props.hasLegend === false ? NONE : series}
        hidden={hidden}
        onToggle={(id) => setHidden((before) => toggled(before, id))}
        isTable={isTable}
        onTable={setIsTable}
        label={label}
      />
    </figure>
  );
}

function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return set.has(id) ? new Set([...set].filter((each) => each !== id)) : new Set([...set, id]);
}

type PlotProps = TimeChartProps & { readonly form: ChartForm; readonly height: number };

/** Keeps a plot of uPlot within an element, and tells the point that is looked at. */
function usePlot(props: PlotProps) {
  const {
    times,
    series,
    form,
    height,
    span,
    formatValue,
    thresholds = NONE,
    shaded = NONE,
    syncKey,
    steps,
  } = props;
  const { ref: sizeRef, width } = useElementSize();
  const [element, setElement] = useState<HTMLElement | null>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number>();
  const colour = useCanvasColours();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const isReady = element !== null && width > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new width is set below, and needs no new plot
  useEffect(() => {
    if (element === null || !isReady) return;
    const look = { series, form, span, formatValue, steps, colour, thresholds, shaded, syncKey };
    const options = { ...chartOptions(look, hooksOf(latest, element, setAt)), width, height };
    const made = new uPlot(options, drawnData(times, series, form), element);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
      setAt(undefined);
    };
  }, [
    element,
    isReady,
    times,
    series,
    form,
    height,
    span.from,
    span.to,
    formatValue,
    steps,
    colour,
    thresholds,
    shaded,
    syncKey,
  ]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);
  const ref = useMemo(
    () => (found: HTMLDivElement | null) => {
      sizeRef(found);
      setElement(found);
    },
    [sizeRef],
  );
  return { ref, plot, at };
}

function hooksOf(
  latest: { readonly current: PlotProps },
  element: HTMLElement,
  setAt: (at: number | undefined) => void,
): uPlot.Hooks.Arrays {
  let focused: number | null = null;
  return {
    setCursor: [
      (plot) => {
        const isMine = element.matches(":hover") || element === document.activeElement;
        setAt(isMine ? (plot.cursor.idx ?? undefined) : undefined);
      },
    ],
    setSeries: [
      (_, index) => {
        focused = index;
      },
    ],
    setSelect: [
      (plot) => {
        const { left, width } = plot.select;
        if (width <= 0) return;
        latest.current.onSelectSpan?.({
          from: plot.posToVal(left, "x"),
          to: plot.posToVal(left + width, "x"),
        });
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    ready: [
      (plot) =>
        plot.over.addEventListener("click", () => {
          const { times, stepMs, series, onPick } = latest.current;
          const from = times[nearest(times, plot.posToVal(plot.cursor.left ?? 0, "x") - stepMs / 2)];
          if (from === undefined) return;
          onPick?.({ span: { from, to: from + stepMs }, seriesId: series[(focused ?? 0) - 1]?.id });
        }),
    ],
  };
}
