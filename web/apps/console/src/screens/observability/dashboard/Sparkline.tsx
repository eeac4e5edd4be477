import classes from "./Tile.module.css";

const WIDTH = 200;
const HEIGHT = 30;
const MARGIN = 3;

/** The course of a number, without scales; the charts below have them. */
export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const points = pointsOf(values);
  if (points.length < 2) return null;
  const line = points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x} ${y}`).join("");
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  return (
    <svg className={classes.spark} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      <path
        d={`${line}L${last} ${HEIGHT}L${first} ${HEIGHT}Z`}
        fill="var(--tl-accent-ground)"
        opacity={0.7}
      />
      <path
        d={line}
        fill="none"
        stroke="var(--tl-accent)"
        strokeWidth={1.2}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

function pointsOf(values: readonly (number | null)[]): [number, number][] {
  const max = Math.max(...values.map((each) => each ?? 0), Number.EPSILON);
  const step = WIDTH / Math.max(1, values.length - 1);
  return values.flatMap((value, at): [number, number][] => {
    if (value === null) return [];
    const y = HEIGHT - MARGIN - (value / max) * (HEIGHT - 2 * MARGIN);
    return [[Math.round(at * step * 10) / 10, Math.round(y * 10) / 10]];
  });
}
