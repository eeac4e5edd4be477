import { Table } from "@mantine/core";
import { type ChartSeries, pointLabel } from "./chart-data";
import classes from "./TimeChart.module.css";

interface ChartTableProps {
  readonly label: string;
  readonly height: number;
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly stepMs: number;
  readonly formatValue: (value: number) => string;
}

/** The numbers of a chart, newest first. */
export function ChartTable({ label, height, times, series, stepMs, formatValue }: ChartTableProps) {
  const show = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : formatValue(value);
  return (
    <section
      className={classes.table}
      style={{ height }}
      aria-label={`${label}, table`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
      tabIndex={0}
    >
      <Table stickyHeader fz="xs" verticalSpacing={2} aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            {series.map((each) => (
              <Table.Th key={each.id} ta="right">
                {each.label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {times
            .map((time, at) => (
              <Table.Tr key={time}>
                <Table.Td>{pointLabel(time, stepMs)}</Table.Td>
                {series.map((each) => (
                  <Table.Td key={each.id} ta="right">
                    {show(each.values[at])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))
            .reverse()}
        </Table.Tbody>
      </Table>
    </section>
  );
}
