import uPlot from "uplot";
import { type ChartForm, type ChartSeries, lonely, timeTicks } from "./chart-data";
import { variableOf } from "./series-colours";
import type { Span } from "./time-range";

/** A value that is shown as a line across the chart. */
export interface ChartThreshold {
  readonly value: number;
  readonly label: string;
}

export interface ChartLook {
  readonly series: readonly ChartSeries[];
  readonly form: ChartForm;
  readonly span: Span;
  readonly formatValue: (value: number) => string;
  /** How far apart the lines of the scale may be; as decimals have it if left out. */
  readonly steps: readonly number[] | undefined;
  readonly colour: (variable: string) => string;
  readonly thresholds: readonly ChartThreshold[];
  /** Times that are shaded. */
  readonly shaded: readonly Span[];
  readonly syncKey: string | undefined;
}

const FONT = "11px Inter, system-ui, sans-serif";
const CHARACTER_PX = 6.4;
const HEADROOM = 1.1;
const NEAR_PX = 24;
const BAR_PX_MAX = 28;
const FADED = "22";
const QUIET_DASH = [4, 4];

/** The look of a chart, as uPlot wants it. */
export function chartOptions(
  look: ChartLook,
  hooks: uPlot.Hooks.Arrays,
): Omit<uPlot.Options, "width" | "height"> {
  const { colour, formatValue, span, syncKey } = look;
  const axis = { stroke: colour("--tl-muted"), font: FONT, grid: { stroke: colour("--tl-line"), width: 1 } };
  return {
    ms: 1,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    focus: { alpha: look.form === "lines" ? 0.35 : 1 },
    cursor: {
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      focus: { prox: NEAR_PX },
      ...(syncKey !== undefined && { sync: { key: syncKey, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [span.from, span.to] },
      y: { range: (_, __, max) => [0, highest(look, max)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { stroke: colour("--tl-line"), size: 4 },
        size: 26,
        space: 70,
        values: (_, ticks, __, ___, distance) => timeTicks(ticks, distance),
      },
      {
        ...axis,
        ticks: { show: false },
        space: 34,
        size: (_, values) => Math.max(0, ...(values ?? []).map((each) => each.length)) * CHARACTER_PX + 14,
        values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "0" : formatValue(tick))),
        ...(look.steps !== undefined && { incrs: [...look.steps] }),
      },
    ],
    series: [{}, ...look.series.map((each) => seriesOptions(each, look))],
    hooks: {
      ...hooks,
      drawAxes: [(plot) => shade(plot, look)],
      draw: [(plot) => drawThresholds(plot, look)],
    },
  };
}

function highest({ thresholds }: ChartLook, max: number | null): number {
  const top = Math.max(max ?? 0, ...thresholds.map((each) => each.value));
  return top > 0 ? top * HEADROOM : 1;
}

function seriesOptions(series: ChartSeries, { form, colour }: ChartLook): uPlot.Series {
  const stroke = colour(variableOf(series.tone));
  if (series.isQuiet) {
    return { label: series.label, stroke, width: 1.2, dash: QUIET_DASH, points: { show: false } };
  }
  if (form === "lines") {
    return {
      label: series.label,
      stroke,
      width: 1.8,
      points: {
        show: true,
        size: 5,
        fill: stroke,
        filter: (plot, at) => lonely(plot.data[at] as (number | null)[]),
      },
    };
  }
  const paths = uPlot.paths.bars?.({ size: [0.8, BAR_PX_MAX], align: 1 });
  return {
    label: series.label,
    width: 0,
    fill: stroke,
    stroke,
    points: { show: false },
    ...(paths !== undefined && { paths }),
  };
}

function shade(plot: uPlot, { shaded, colour }: ChartLook): void {
  plot.ctx.fillStyle = colour("--tl-bad") + FADED;
  for (const { from, to } of shaded) {
    const left = Math.max(plot.bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(plot.bbox.left + plot.bbox.width, plot.valToPos(to, "x", true));
    if (right > left) plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  }
}

function drawThresholds(plot: uPlot, { thresholds, colour }: ChartLook): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour("--tl-bad");
  ctx.fillStyle = colour("--tl-bad");
  ctx.font = `${11 * uPlot.pxRatio}px Inter, system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.setLineDash([6, 4]);
  for (const { value, label } of thresholds) {
    const y = Math.round(plot.valToPos(value, "y", true));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(label, bbox.left + bbox.width - 4, y - 5 * uPlot.pxRatio);
  }
  ctx.restore();
}
