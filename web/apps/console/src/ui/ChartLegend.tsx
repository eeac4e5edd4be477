import { ActionIcon, Tooltip } from "@mantine/core";
import { ChartLine, Table2 } from "lucide-react";
import { Swatch } from "./ChartTip";
import type { ChartSeries } from "./chart-data";
import classes from "./TimeChart.module.css";

interface ChartLegendProps {
  readonly label: string;
  readonly series: readonly ChartSeries[];
  readonly hidden: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly isTable: boolean;
  readonly onTable: (isTable: boolean) => void;
}

/** The names of what a chart shows, each to be left out, and the way to the same numbers as a table. */
export function ChartLegend({ label, series, hidden, onToggle, isTable, onTable }: ChartLegendProps) {
  const action = isTable ? "Show as a chart" : "Show as a table";
  return (
    <div className={classes.legend}>
      {series.map((each) => (
        <button
          key={each.id}
          type="button"
          className={classes.key}
          aria-pressed={!hidden.has(each.id)}
          onClick={() => onToggle(each.id)}
        >
          <Swatch series={each} />
          <span className={classes.name}>{each.label}</span>
        </button>
      ))}
      <Tooltip label={action}>
        <ActionIcon
          className={classes.asTable ?? ""}
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={`${label}: ${action.toLowerCase()}`}
          onClick={() => onTable(!isTable)}
        >
          {isTable ? <ChartLine size={14} /> : <Table2 size={14} />}
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
