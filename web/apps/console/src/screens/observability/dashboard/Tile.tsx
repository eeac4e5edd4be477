import { Text } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import { ArrowDownRight, ArrowUpRight, Minus } from "lucide-react";
import { formatCount, formatShare } from "../../../ui/format";
import { Sparkline } from "./Sparkline";
import classes from "./Tile.module.css";

interface TileProps {
  readonly label: string;
  readonly value: string | undefined;
  /** How much it has grown since the time before, as a share. */
  readonly growth: number | undefined;
  /** What growth means here. */
  readonly growthIs: "good" | "bad" | "neutral";
  readonly values: readonly (number | null)[];
  readonly to: Pick<LinkProps, "to" | "search">;
}

/** One number of the whole time, with how it has changed; it leads to the events that it is made of. */
export function Tile({ label, value, growth, growthIs, values, to }: TileProps) {
  return (
    <Link {...to} className={classes.tile}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <div className={classes.line}>
        <span className={classes.value}>{value ?? "…"}</span>
        <Growth growth={growth} growthIs={growthIs} />
      </div>
      <span className="visually-hidden">Show what it is made of</span>
      <Sparkline values={values} />
    </Link>
  );
}

const STEADY = 0.005;
/** From this on it is said how many times as much it is. */
const TIMES_FROM = 9;

function Growth({ growth, growthIs }: Pick<TileProps, "growth" | "growthIs">) {
  if (growth === undefined) return null;
  const isSteady = Math.abs(growth) < STEADY;
  const isUp = growth > 0;
  const Icon = isSteady ? Minus : isUp ? ArrowUpRight : ArrowDownRight;
  const isGood = growthIs === "neutral" || isSteady ? undefined : isUp === (growthIs === "good");
  return (
    <span
      className={classes.growth}
      data-tone={isGood === undefined ? undefined : isGood ? "good" : "bad"}
      title="Against the time before, which is as long"
    >
      <Icon size={13} aria-hidden />
      {isSteady
        ? "steady"
        : growth >= TIMES_FROM
          ? `×${formatCount(Math.round(growth + 1))}`
          : formatShare(Math.abs(growth))}
    </span>
  );
}
