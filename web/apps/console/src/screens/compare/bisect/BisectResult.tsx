import { Alert, Button, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Snapshot } from "@timeloom/client";
import { useExecution, useExecutionSnapshots } from "@timeloom/client/react";
import { ArrowRight, CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import { useMemo } from "react";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { Difference, StepLink } from "../PairDiff";
import classes from "./Bisect.module.css";
import type { Bisection } from "./useBisection";

/** Of so many steps the names are shown. */
const NAMED_MAX = 1_000;

interface BisectResultProps {
  readonly executionId: string;
  readonly bisection: Bisection;
}

/** What a bisection found, which states it asked of, and what the first bad step changed. */
export function BisectResult({ executionId, bisection }: BisectResultProps) {
  const { firstBadSequence: bad, lastGoodSequence: good } = bisection;
  const names = useNames(executionId);
  const { data: execution } = useExecution(executionId);
  const stepCount = execution?.snapshotCount ?? 0;
  return (
    <Stack gap="md" className={classes.result ?? ""}>
      <Verdict executionId={executionId} bisection={bisection} names={names} />
      {bisection.notMonotone && (
        <Alert color="yellow" variant="light" icon={<TriangleAlert size={16} aria-hidden />} p="xs">
          <Text size="sm">
            The states are not good up to one step and bad from then on
            {bisection.flips.length > 0 && <>: the answer changes at {bisection.flips.join(", ")}</>}. There
            may be other bad steps.
          </Text>
        </Alert>
      )}
      <Evaluations bisection={bisection} names={names} stepCount={stepCount} />
      {bad > 0 && (
        <section className={classes.diff} aria-label="What the first bad step changed">
          <Difference
            from={{ executionId, sequence: good }}
            to={{ executionId, sequence: bad }}
            title={
              <>
                {good > 0 ? <StepLink executionId={executionId} sequence={good} /> : "Nothing"} →{" "}
                <StepLink executionId={executionId} sequence={bad} />
              </>
            }
          />
        </section>
      )}
    </Stack>
  );
}

function Verdict({ executionId, bisection, names }: BisectResultProps & { names: Names }) {
  const { firstBadSequence: bad, lastGoodSequence: good, evaluations } = bisection;
  const asked = `${evaluations.length} ${evaluations.length === 1 ? "state" : "states"} asked`;
  if (bad === 0)
    return (
      <div className={classes.verdict} data-found={false}>
        <CircleCheck size={22} aria-hidden />
        <div>
          <Title order={2}>The last state is not bad</Title>
          <Text size="sm" c="dimmed">
            {asked}. Name an earlier step that is known to be bad, or another condition.
          </Text>
        </div>
      </div>
    );
  return (
    <div className={classes.verdict} data-found>
      <CircleX size={22} aria-hidden />
      <div>
        <Title order={2}>
          First bad step: {bad}
          {names.get(bad) && ` · ${names.get(bad)}`}
        </Title>
        <Text size="sm" c="dimmed">
          {good > 0 ? `Step ${good} was the last good one` : "No step before it is good"}. {asked}.
        </Text>
      </div>
      <Button
        ml="auto"
        size="xs"
        variant="default"
        rightSection={<ArrowRight size={14} aria-hidden />}
        renderRoot={(props) => (
          <Link to="/executions/$executionId" params={{ executionId }} search={{ at: bad }} {...props} />
        )}
      >
        Open step {bad}
      </Button>
    </div>
  );
}

type Evaluated = Bisection["evaluations"][number] & { readonly order: number };
type Names = ReadonlyMap<number, string>;

/** Where among the steps was asked, in which order, and what the answers were. */
function Evaluations({
  bisection,
  names,
  stepCount,
}: {
  bisection: Bisection;
  names: Names;
  stepCount: number;
}) {
  const rows = useMemo(
    () => bisection.evaluations.map((each, index) => ({ ...each, order: index + 1 })),
    [bisection],
  );
  const columns = useMemo<readonly Column<Evaluated>[]>(
    () => [
      { key: "order", title: "Asked", width: "48px", align: "right", render: (each) => each.order },
      {
        key: "sequence",
        title: "Step",
        width: "60px",
        align: "right",
        render: (each) => <span className="mono">{each.sequence}</span>,
      },
      {
        key: "name",
        title: "Name",
        width: "minmax(80px, 1fr)",
        render: (each) => names.get(each.sequence) ?? "",
      },
      { key: "bad", title: "Answer", width: "90px", render: (each) => <Answer isBad={each.bad} /> },
    ],
    [names],
  );
  const last = Math.max(stepCount, ...rows.slice(0, 10_000).map((each) => each.sequence), 1);
  return (
    <section aria-label="States asked">
      <div className={classes.strip} aria-hidden>
        {rows.slice(0, 500).map((each) => (
          <span
            key={each.sequence}
            className={classes.dot}
            data-bad={each.bad}
            data-first={each.sequence === bisection.firstBadSequence || undefined}
            style={{ left: `${((each.sequence - 0.5) / last) * 100}%` }}
          />
        ))}
      </div>
      <Group justify="space-between" className={classes.scale ?? ""} aria-hidden>
        <span>1</span>
        <span>{last}</span>
      </Group>
      <div style={{ height: Math.min(260, 34 + rows.length * 28) }}>
        <VirtualTable label="States asked" rows={rows} keyOf={keyOf} columns={columns} rowHeightPx={28} />
      </div>
    </section>
  );
}

function keyOf({ sequence }: Evaluated): string {
  return String(sequence);
}

function Answer({ isBad }: { isBad: boolean }) {
  const Icon = isBad ? CircleX : CircleCheck;
  return (
    <span className={classes.answer} data-bad={isBad}>
      <Icon size={13} aria-hidden /> {isBad ? "Bad" : "Good"}
    </span>
  );
}

function useNames(executionId: string): Names {
  const { data } = useExecutionSnapshots(executionId, { pageSize: NAMED_MAX });
  return useMemo(
    () => new Map((data ?? []).map((each: Snapshot) => [each.sequence, each.stepName] as const)),
    [data],
  );
}
