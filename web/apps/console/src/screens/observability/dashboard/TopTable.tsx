import { ActionIcon, SegmentedControl, Table, Text, Tooltip } from "@mantine/core";
import type { MetricSeries } from "@timeloom/client";
import { ListFilter } from "lucide-react";
import { formatCost, formatCount, formatDuration, formatShare } from "../../../ui/format";
import { GROUPS } from "../routes";
import { conditionOfFacet, type FilterSearch, withCondition } from "../shared/filter";
import { figureOf, groupLabel } from "./figures";
import { Panel } from "./Panel";
import classes from "./TopTable.module.css";
import type { useDashboard } from "./use-dashboard";

const GROUP_LABELS: Readonly<Record<(typeof GROUPS)[number], string>> = {
  model: "Models",
  agent_id: "Agents",
  tool_name: "Tools",
  service_name: "Services",
  user_id: "Users",
  name: "Names",
};
const HEIGHT_PX = 220;

interface TopTableProps {
  readonly dashboard: ReturnType<typeof useDashboard>;
  readonly onBy: (by: (typeof GROUPS)[number]) => void;
  readonly onOpen: (filter: FilterSearch) => void;
  /** Narrows the whole dashboard. */
  readonly onNarrow: (filter: FilterSearch) => void;
}

/** What there is most of, by a field. */
export function TopTable({ dashboard, onBy, onOpen, onNarrow }: TopTableProps) {
  const { top, by } = dashboard;
  const rows = (top.data?.series ?? []).filter((each) => each.isRest || each.group[0] !== "");
  const most = Math.max(1, ...rows.map((each) => figureOf(each, "COUNT") ?? 0));
  return (
    <Panel
      title="Most used"
      reading={top}
      heightPx={HEIGHT_PX}
      isWide
      actions={
        <SegmentedControl
          size="xs"
          aria-label="By"
          className={classes.by ?? ""}
          data={GROUPS.map((value) => ({ value, label: GROUP_LABELS[value] }))}
          value={by}
          onChange={(value) => onBy(value as (typeof GROUPS)[number])}
        />
      }
    >
      <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table
          verticalSpacing={4}
          fz="sm"
          highlightOnHover
          aria-label={`${GROUP_LABELS[by]} with most events`}
        >
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{GROUP_LABELS[by].slice(0, -1)}</Table.Th>
              <Table.Th ta="right">Events</Table.Th>
              <Table.Th ta="right">Failed</Table.Th>
              <Table.Th ta="right">p95</Table.Th>
              <Table.Th ta="right">Tokens</Table.Th>
              <Table.Th ta="right">Cost</Table.Th>
              <Table.Th w={36}>
                <span className="visually-hidden">Narrow</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((each) => (
              <Row
                key={`${each.isRest} ${each.group[0]}`}
                of={each}
                by={by}
                most={most}
                onOpen={onOpen}
                onNarrow={onNarrow}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" ta="center" py="lg">
          No event of this time names one.
        </Text>
      )}
    </Panel>
  );
}

interface RowProps extends Pick<TopTableProps, "onOpen" | "onNarrow"> {
  readonly of: MetricSeries;
  readonly by: string;
  readonly most: number;
}

function Row({ of, by, most, onOpen, onNarrow }: RowProps) {
  const label = groupLabel(of);
  const condition = of.isRest ? undefined : conditionOfFacet(by, of.group[0] ?? "");
  const filter = condition && withCondition<FilterSearch>({}, condition);
  const rate = figureOf(of, "ERROR_RATE") ?? 0;
  const count = figureOf(of, "COUNT") ?? 0;
  const p95 = figureOf(of, "DURATION_P95");
  return (
    <Table.Tr>
      <Table.Td className={classes.name ?? ""}>
        <span className={classes.bar} style={{ width: `${(count / most) * 100}%` }} aria-hidden />
        {filter === undefined ? (
          <span className={classes.label}>{label}</span>
        ) : (
          <button type="button" className={classes.open} onClick={() => onOpen(filter)}>
            {label}
          </button>
        )}
      </Table.Td>
      <Table.Td ta="right">{formatCount(count)}</Table.Td>
      <Table.Td ta="right" c={rate > 0 ? "var(--tl-bad)" : "dimmed"}>
        {formatShare(rate)}
      </Table.Td>
      <Table.Td ta="right">{p95 === undefined ? "" : formatDuration(p95)}</Table.Td>
      <Table.Td ta="right">{formatCount(figureOf(of, "TOTAL_TOKENS") ?? 0)}</Table.Td>
      <Table.Td ta="right">{formatCost(figureOf(of, "COST") ?? 0)}</Table.Td>
      <Table.Td p={0}>
        {filter !== undefined && (
          <Tooltip label="Narrow the dashboard to it">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={`Narrow the dashboard to ${label}`}
              onClick={() => onNarrow(filter)}
            >
              <ListFilter size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
