import { useElementSize } from "@mantine/hooks";
import type { ValueChange } from "@timeloom/client";
import { useMemo } from "react";
import { formatCount } from "../../../ui/format";

const HEIGHT_PIXELS = 120;
const MARGIN_PIXELS = 8;
/** With more changes, the line alone is shown. */
const DOTS_MAX = 80;

interface ValueChartProps {
  readonly label: string;
  readonly changes: readonly ValueChange[];
  readonly last: number;
  readonly sequence: number;
  readonly onChoose: (sequence: number) => void;
}

/** A number over the steps: each value holds until the next. The list beside it has the same for those who do not see it. */
export function ValueChart({ label, changes, last, sequence, onChoose }: ValueChartProps) {
  const { ref, width } = useElementSize();
  const points = useMemo(
    () =>
      changes.flatMap(({ sequence, newValue }) =>
        typeof newValue === "number" ? [{ sequence, value: newValue }] : [],
      ),
    [changes],
  );
  const values = points.map((each) => each.value);
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const first = points[0]?.sequence ?? 1;
  const x = (at: number) =>
    MARGIN_PIXELS + ((at - first) / Math.max(1, last - first)) * (width - 2 * MARGIN_PIXELS);
  const y = (value: number) =>
    HEIGHT_PIXELS - MARGIN_PIXELS - ((value - low) / (high - low || 1)) * (HEIGHT_PIXELS - 2 * MARGIN_PIXELS);
  const line = points.reduce(
    (path, point, index) =>
      index === 0
        ? `M${x(point.sequence)},${y(point.value)}`
        : `${path}H${x(point.sequence)}V${y(point.value)}`,
    "",
  );
  return (
    <div ref={ref} style={{ padding: "8px 0", borderBottom: "1px solid var(--tl-line)" }}>
      <div style={{ display: "flex", justifyContent: "space-between", padding: "0 12px", fontSize: 11 }}>
        <span>lowest {formatCount(low)}</span>
        <span>highest {formatCount(high)}</span>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list below does the same by keyboard */}
      <svg
        width={width}
        height={HEIGHT_PIXELS}
        role="img"
        aria-label={`${label}: ${points.length} values from ${formatCount(low)} to ${formatCount(high)}`}
        style={{ display: "block", cursor: "pointer" }}
        onClick={(event) => {
          const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
          const nearest = points.reduce<(typeof points)[number] | undefined>(
            (best, point) =>
              best === undefined || Math.abs(x(point.sequence) - at) < Math.abs(x(best.sequence) - at)
                ? point
                : best,
            undefined,
          );
          if (nearest !== undefined) onChoose(nearest.sequence);
        }}
      >
        <line
          x1={x(sequence)}
          x2={x(sequence)}
          y1={0}
          y2={HEIGHT_PIXELS}
          stroke="var(--tl-muted)"
          strokeDasharray="3 3"
        />
        <path d={`${line}H${x(last)}`} fill="none" stroke="var(--tl-accent)" strokeWidth={1.75} />
        {points.length <= DOTS_MAX &&
          points.map((point) => (
            <circle
              key={point.sequence}
              cx={x(point.sequence)}
              cy={y(point.value)}
              r={2.5}
              fill="var(--tl-accent)"
            />
          ))}
      </svg>
    </div>
  );
}
