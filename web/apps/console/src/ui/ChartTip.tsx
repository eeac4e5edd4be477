import { type ChartSeries, pointLabel } from "./chart-data";
import { colourOf } from "./series-colours";
import classes from "./TimeChart.module.css";

interface ChartTipProps {
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly stepMs: number;
  readonly formatValue: (value: number) => string;
  /** The point that is looked at. */
  readonly at: number | undefined;
  /** Where it is. */
  readonly left: number;
  readonly width: number;
}

const ROWS_MAX = 10;

/** What the values of a point are, beside it. */
export function ChartTip({ times, series, stepMs, formatValue, at, left, width }: ChartTipProps) {
  const time = at === undefined ? undefined : times[at];
  if (at === undefined || time === undefined) return null;
  const rows = series.filter((each) => each.values[at] !== null && each.values[at] !== undefined);
  const isRight = left > width / 2;
  return (
    <div
      className={classes.tip}
      role="status"
      style={isRight ? { right: width - left + 16 - 8 } : { left: left + 64 }}
    >
      <strong>{pointLabel(time, stepMs)}</strong>
      {rows.slice(0, ROWS_MAX).map((each) => (
        <div key={each.id} className={classes.row}>
          <Swatch series={each} />
          <span className={classes.name}>{each.label}</span>
          <span>{formatValue(each.values[at] ?? 0)}</span>
        </div>
      ))}
      {rows.length === 0 && <div>Nothing</div>}
    </div>
  );
}

/** The sign of a series. */
export function Swatch({ series }: { series: ChartSeries }) {
  return (
    <span
      className={classes.swatch}
      data-quiet={series.isQuiet || undefined}
      style={{ "--tone": colourOf(series.tone) } as React.CSSProperties}
      aria-hidden
    />
  );
}
