import { Anchor, Group, Menu, Text, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Execution, TimelineEntry } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { ChevronDown, GitFork } from "lucide-react";
import type { ReactNode } from "react";
import { formatCost, formatCount, formatDuration } from "../../ui/format";
import { TimeAgo, useNow } from "../../ui/Time";
import classes from "./Execution.module.css";

interface ExecutionFactsProps {
  readonly execution: Execution;
  readonly entries: readonly TimelineEntry[];
  readonly children: ReactNode;
}

/** Who ran, when and how long, from where it was forked, and what it cost. */
export function ExecutionFacts({ execution, entries, children }: ExecutionFactsProps) {
  const forks = entries.flatMap((entry) => (entry.fork ? [entry.fork] : []));
  const origin = execution.forkedFrom;
  return (
    <Group gap={0} className={classes.facts ?? ""}>
      {execution.name !== "" && <span>{execution.agentId}</span>}
      {execution.sessionId && <span>session {execution.sessionId}</span>}
      {execution.createTime && <TimeAgo time={execution.createTime} inherit span />}
      <Took execution={execution} />
      <Spent traceId={execution.traceId} />
      {origin && (
        <span>
          <GitFork size={12} aria-hidden /> from{" "}
          <Anchor
            inherit
            renderRoot={(props) => (
              <Link
                to="/executions/$executionId"
                params={{ executionId: origin.executionId }}
                search={{ at: origin.sequence }}
                {...props}
              />
            )}
          >
            step {origin.sequence} of its origin
          </Anchor>
        </span>
      )}
      {forks.length > 0 && (
        <Menu width={300} position="bottom-start">
          <Menu.Target>
            <UnstyledButton className={classes.forks ?? ""}>
              <GitFork size={12} aria-hidden /> {forks.length === 1 ? "1 fork" : `${forks.length} forks`}
              <ChevronDown size={12} aria-hidden />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown mah={320} style={{ overflow: "auto" }}>
            {forks.map((fork) => (
              <Menu.Item
                key={fork.executionId}
                renderRoot={(props) => (
                  <Link to="/executions/$executionId" params={{ executionId: fork.executionId }} {...props} />
                )}
              >
                <Text size="sm" truncate>
                  {fork.name || fork.executionId}
                </Text>
                <Text size="xs" c="dimmed">
                  at step {fork.sequence}
                </Text>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {children}
    </Group>
  );
}

function Took({ execution }: { execution: Execution }) {
  const now = useNow();
  if (execution.createTime === undefined) return null;
  const end = execution.endTime === undefined ? now : Date.parse(execution.endTime);
  const took = Math.max(0, end - Date.parse(execution.createTime));
  return (
    <span>{execution.endTime === undefined ? `for ${formatDuration(took)}` : formatDuration(took)}</span>
  );
}

/** Tokens and cost, as far as the execution was traced. */
function Spent({ traceId }: { traceId: string }) {
  const found = useApi().useQuery(
    "get",
    "/api/observability/traces/{traceId}",
    { params: { path: { traceId }, query: { pageSize: 1 } } },
    { enabled: traceId !== "", retry: false },
  );
  const trace = found.data?.trace;
  const tokens = Number(trace?.usage?.totalTokens ?? 0);
  const cost = Number(trace?.cost?.total ?? 0);
  return (
    <>
      {tokens > 0 && <span>{formatCount(tokens)} tokens</span>}
      {cost > 0 && <span>{formatCost(cost)}</span>}
    </>
  );
}
