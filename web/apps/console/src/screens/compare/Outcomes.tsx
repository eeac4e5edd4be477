import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import type { ReactNode } from "react";
import { formatCost, formatCount } from "../../ui/format";
import { StatusBadge } from "../../ui/StatusBadge";
import { TimeAgo } from "../../ui/Time";
import { Duration } from "../executions/columns";
import { durationOf } from "../executions/search";
import { changeOf } from "./alignment";
import classes from "./Compare.module.css";

export type Side = "left" | "right";
export const SIDE_WORDS: Readonly<Record<Side, string>> = { left: "Left", right: "Right" };

interface OutcomesProps {
  readonly left: Execution | undefined;
  readonly right: Execution | undefined;
  /** What chooses the execution of a side. */
  readonly picker: (side: Side) => ReactNode;
}

/** How both executions went, one below the other, and by how much they differ. */
export function Outcomes({ left, right, picker }: OutcomesProps) {
  const [leftUse, rightUse] = [useUse(left), useUse(right)];
  const [leftMs, rightMs] = [left && durationOf(left), right && durationOf(right)];
  const steps = changeOf(left?.snapshotCount, right?.snapshotCount);
  return (
    <div className={classes.outcomes}>
      <Table verticalSpacing={5} horizontalSpacing="sm" fz="sm" layout="fixed" miw={940}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={52} aria-label="Side" />
            <Table.Th>Execution</Table.Th>
            <Table.Th w={134}>Status</Table.Th>
            <Table.Th w={120}>Agent</Table.Th>
            <Table.Th w={80} ta="right">
              Steps
            </Table.Th>
            <Table.Th w={96} ta="right">
              Duration
            </Table.Th>
            <Table.Th w={86} ta="right">
              Tokens
            </Table.Th>
            <Table.Th w={86} ta="right">
              Cost
            </Table.Th>
            <Table.Th w={96} ta="right">
              Began
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <OutcomeRow side="left" execution={left} use={leftUse} picker={picker} />
          <OutcomeRow side="right" execution={right} use={rightUse} picker={picker} />
          {left !== undefined && right !== undefined && (
            <Table.Tr>
              <Table.Td />
              <Table.Td>
                <Text size="xs" c="dimmed">
                  Right against left
                </Text>
              </Table.Td>
              <Table.Td>
                <Changed text={left.status === right.status ? "same" : "differs"} />
              </Table.Td>
              <Table.Td>
                <Changed text={left.agentId === right.agentId ? "same" : "differs"} />
              </Table.Td>
              <Table.Td ta="right">
                <Changed text={steps} />
              </Table.Td>
              <Table.Td ta="right">
                <Changed text={changeOf(leftMs, rightMs)} />
              </Table.Td>
              <Table.Td ta="right">
                <Changed text={changeOf(leftUse?.tokens, rightUse?.tokens)} />
              </Table.Td>
              <Table.Td ta="right">
                <Changed text={changeOf(leftUse?.cost, rightUse?.cost)} />
              </Table.Td>
              <Table.Td />
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
    </div>
  );
}

interface Use {
  readonly tokens: number | undefined;
  readonly cost: number | undefined;
}

/** What an execution's trace says that it took of models; undefined where there is no trace. */
function useUse(execution: Execution | undefined): Use | undefined {
  const traceId = execution?.traceId ?? "";
  const init = { params: { path: { traceId }, query: { pageSize: 1 } } };
  const { data } = useApi().useQuery("get", "/api/observability/traces/{traceId}", init, {
    enabled: traceId !== "",
    retry: false,
  });
  if (data?.trace === undefined) return undefined;
  return { tokens: data.trace.usage?.totalTokens, cost: data.trace.cost?.total };
}

function OutcomeRow(of: {
  side: Side;
  execution: Execution | undefined;
  use: Use | undefined;
  picker: (side: Side) => ReactNode;
}) {
  const { side, execution, use } = of;
  return (
    <Table.Tr>
      <Table.Th scope="row" fz="xs" c="dimmed" fw={550}>
        {SIDE_WORDS[side]}
      </Table.Th>
      <Table.Td>{of.picker(side)}</Table.Td>
      <Table.Td>{execution && <StatusBadge status={execution.status} />}</Table.Td>
      <Table.Td className={classes.cut ?? ""}>{execution?.agentId}</Table.Td>
      <Table.Td ta="right" className="mono">
        {execution && (
          <Anchor
            renderRoot={(props) => (
              <Link to="/executions/$executionId" params={{ executionId: execution.id }} {...props} />
            )}
            aria-label={`${execution.snapshotCount} steps: open the ${side} execution`}
          >
            {formatCount(execution.snapshotCount)}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td ta="right">{execution && <Duration execution={execution} />}</Table.Td>
      <Table.Td ta="right" className="mono">
        {execution && (use?.tokens === undefined ? <Unknown /> : formatCount(use.tokens))}
      </Table.Td>
      <Table.Td ta="right" className="mono">
        {execution && (use?.cost === undefined ? <Unknown /> : formatCost(use.cost))}
      </Table.Td>
      <Table.Td ta="right">{execution?.createTime && <TimeAgo time={execution.createTime} span />}</Table.Td>
    </Table.Tr>
  );
}

function Unknown() {
  return (
    <Text span c="dimmed" title="Not known: it has no trace that says so">
      –
    </Text>
  );
}

function Changed({ text }: { text: string | undefined }) {
  return (
    <Text span size="xs" c={text === "same" || text === undefined ? "dimmed" : "var(--tl-warn)"}>
      {text ?? "–"}
    </Text>
  );
}
