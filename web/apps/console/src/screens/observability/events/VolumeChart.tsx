import { useMetrics } from "@timeloom/client/react";
import { useMemo } from "react";
import { formatCount } from "../../../ui/format";
import { TimeChart } from "../../../ui/TimeChart";
import { type Span, stepSecondsOf } from "../../../ui/time-range";
import { outcomeBars, timesOf } from "../dashboard/figures";
import type { EventsSearch } from "../routes";
import { eventFilter, readFilter } from "../shared/filter";
import classes from "./EventsPage.module.css";

const POINTS_MAX = 96;
const HEIGHT_PX = 84;

interface VolumeChartProps {
  readonly search: EventsSearch;
  readonly span: Span;
  readonly onSelect: (span: Span) => void;
}

/** How many events there were when; a drag or a click chooses the time. */
export function VolumeChart({ search, span, onSelect }: VolumeChartProps) {
  const stepSeconds = stepSecondsOf(span, POINTS_MAX);
  const filter = eventFilter(readFilter(search as Record<string, unknown>), span);
  const reading = useMetrics(
    { metrics: ["COUNT", "ERROR_COUNT"], filter, stepSeconds },
    { keepsPrevious: true },
  );
  const times = useMemo(() => timesOf(reading.data), [reading.data]);
  const series = useMemo(() => outcomeBars(reading.data), [reading.data]);
  return (
    <div className={classes.volume} style={{ minHeight: HEIGHT_PX + 28 }}>
      <TimeChart
        label="Events over time"
        times={times}
        stepMs={stepSeconds * 1000}
        span={span}
        series={series}
        form="stack"
        formatValue={formatCount}
        height={HEIGHT_PX}
        onSelectSpan={onSelect}
        onPick={({ span: picked }) => onSelect(picked)}
      />
    </div>
  );
}
