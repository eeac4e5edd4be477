import { formatCost, formatCount, formatDuration, formatShare } from "../../../ui/format";
import { figureOf, growth, valuesOf } from "./figures";
import { Tile } from "./Tile";
import classes from "./Tile.module.css";
import type { useDashboard } from "./use-dashboard";

interface TilesProps {
  readonly dashboard: ReturnType<typeof useDashboard>;
  readonly scopeLabel: string;
  readonly range: string | undefined;
}

/** The numbers of the whole time. */
export function Tiles({ dashboard, scopeLabel, range }: TilesProps) {
  const { totals, totalsBefore, spentTotals, spentTotalsBefore, outcome, spent } = dashboard;
  const now = totals.data?.series[0];
  const before = totalsBefore.data?.series[0];
  const money = spentTotals.data?.series[0];
  const moneyBefore = spentTotalsBefore.data?.series[0];
  const course = outcome.data?.series[0];
  const isKnown = totals.data !== undefined;
  const show = (value: number | undefined, format: (value: number) => string, isRead = isKnown) =>
    isRead ? (value === undefined ? "none" : format(value)) : undefined;
  const ranged = range === undefined ? {} : { range };
  const events = { to: "/observability/events", search: { ...dashboard.scoped, ...ranged } } as const;
  const calls = { ...dashboard.models, ...ranged };
  const errors = valuesOf(course, "ERROR_COUNT");
  const counts = valuesOf(course, "COUNT");
  return (
    <div className={classes.tiles}>
      <Tile
        label={scopeLabel}
        value={show(figureOf(now, "COUNT") ?? 0, formatCount)}
        growth={growth(figureOf(now, "COUNT"), figureOf(before, "COUNT"))}
        growthIs="neutral"
        values={counts}
        to={events}
      />
      <Tile
        label="Failed"
        value={show(figureOf(now, "ERROR_RATE"), formatShare)}
        growth={growth(figureOf(now, "ERROR_RATE"), figureOf(before, "ERROR_RATE"))}
        growthIs="bad"
        values={errors.map((each, at) => (counts[at] ? (each ?? 0) / (counts[at] ?? 1) : null))}
        to={{ ...events, search: { ...events.search, statuses: ["ERROR"] } }}
      />
      <Tile
        label="Duration, p95"
        value={show(figureOf(now, "DURATION_P95"), formatDuration)}
        growth={growth(figureOf(now, "DURATION_P95"), figureOf(before, "DURATION_P95"))}
        growthIs="bad"
        values={valuesOf(course, "DURATION_P95")}
        to={{ ...events, search: { ...events.search, order: "duration desc" } }}
      />
      <Tile
        label="Tokens"
        value={show(figureOf(money, "TOTAL_TOKENS") ?? 0, formatCount, spentTotals.data !== undefined)}
        growth={growth(figureOf(money, "TOTAL_TOKENS"), figureOf(moneyBefore, "TOTAL_TOKENS"))}
        growthIs="neutral"
        values={valuesOf(spent.data?.series[0], "TOTAL_TOKENS")}
        to={{ to: "/observability/events", search: { ...calls, order: "tokens desc" } }}
      />
      <Tile
        label="Cost"
        value={show(figureOf(money, "COST") ?? 0, formatCost, spentTotals.data !== undefined)}
        growth={growth(figureOf(money, "COST"), figureOf(moneyBefore, "COST"))}
        growthIs="bad"
        values={valuesOf(spent.data?.series[0], "COST")}
        to={{ to: "/observability/events", search: { ...calls, order: "cost desc" } }}
      />
    </div>
  );
}
