import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSnapshot, useSnapshotComparison } from "@timeloom/client/react";
import { JsonDiff, JsonTree } from "../../ui/json";
import { ErrorState, LoadingState } from "../../ui/states";
import type { Pair } from "./alignment";

interface PairDiffProps {
  readonly left: string;
  readonly right: string;
  readonly pair: Pair;
  /** The steps of both sides before this pair; zero where there is none. */
  readonly before: { readonly left: number; readonly right: number };
}

/** What differs between the states of a pair of steps; of a step without a counterpart, what it changed. */
export function PairDiff({ left, right, pair, before }: PairDiffProps) {
  const isOnlyLeft = pair.kind === "MISSING";
  const isOnlyRight = pair.kind === "EXTRA";
  if (pair.kind === "SAME") return <SharedState executionId={left} pair={pair} right={right} />;
  if (isOnlyLeft || isOnlyRight) {
    const executionId = isOnlyLeft ? left : right;
    const sequence = isOnlyLeft ? pair.sequence : pair.otherSequence;
    return (
      <Difference
        from={{ executionId, sequence: isOnlyLeft ? before.left : before.right }}
        to={{ executionId, sequence }}
        title={
          <>
            Only {isOnlyLeft ? "left" : "right"} has{" "}
            <StepLink executionId={executionId} sequence={sequence} />. It changed:
          </>
        }
      />
    );
  }
  return (
    <Difference
      from={{ executionId: left, sequence: pair.sequence }}
      to={{ executionId: right, sequence: pair.otherSequence }}
      title={
        <>
          Left <StepLink executionId={left} sequence={pair.sequence} /> → right{" "}
          <StepLink executionId={right} sequence={pair.otherSequence} />
        </>
      }
    />
  );
}

interface Place {
  readonly executionId: string;
  readonly sequence: number;
}

/** What differs between two states, under a title that says which. */
export function Difference({ from, to, title }: { from: Place; to: Place; title: React.ReactNode }) {
  const diff = useSnapshotComparison(from, to);
  if (diff.isPending) return <LoadingState label="Comparing the states" />;
  if (diff.isError) return <ErrorState error={diff.error} onRetry={() => void diff.refetch()} />;
  return (
    <JsonDiff
      label="Difference of the states"
      changes={diff.data.changes}
      truncated={diff.data.truncated}
      tools={<Text size="xs">{title}</Text>}
    />
  );
}

function SharedState({ executionId, right, pair }: { executionId: string; right: string; pair: Pair }) {
  const snapshot = useSnapshot(executionId, pair.sequence);
  if (snapshot.isPending) return <LoadingState label="Reading the state" />;
  if (snapshot.isError) return <ErrorState error={snapshot.error} onRetry={() => void snapshot.refetch()} />;
  return (
    <>
      <Group gap={6} px="sm" py={6}>
        <Text size="xs" c="dimmed">
          The states are the same: left <StepLink executionId={executionId} sequence={pair.sequence} />, right{" "}
          <StepLink executionId={right} sequence={pair.otherSequence} />
        </Text>
      </Group>
      <div style={{ flex: 1, minHeight: 0 }}>
        <JsonTree label="State of both" value={snapshot.data.state} />
      </div>
    </>
  );
}

/** A step's number, which leads to it. */
export function StepLink({ executionId, sequence }: Place) {
  return (
    <Anchor
      inherit
      className="mono"
      renderRoot={(props) => (
        <Link to="/executions/$executionId" params={{ executionId }} search={{ at: sequence }} {...props} />
      )}
    >
      step {sequence}
    </Anchor>
  );
}
