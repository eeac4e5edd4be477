import { Button, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { useExecution, useExecutionComparison } from "@timeloom/client/react";
import { ArrowDown, ArrowLeftRight, ArrowUp, Columns2, Crosshair, Equal } from "lucide-react";
import { useEffect, useMemo } from "react";
import { useShortcut } from "../../app/shortcuts";
import { formatCount } from "../../ui/format";
import { Page } from "../../ui/Page";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import { AlignedSteps } from "./AlignedSteps";
import { nextDifference, pairsOf, placeOf, stepsBefore } from "./alignment";
import classes from "./Compare.module.css";
import { ExecutionPicker } from "./ExecutionPicker";
import { Outcomes, SIDE_WORDS, type Side } from "./Outcomes";
import { PairDiff } from "./PairDiff";
import type { CompareSearch } from "./routes";

const route = getRouteApi("/compare");
const GROUP = "Comparison";

type Change = (changes: { [K in keyof CompareSearch]?: CompareSearch[K] | undefined }) => void;

/** Two executions side by side: how they went, where they part, and what differs there. */
export function ComparePage() {
  const search = route.useSearch();
  const { left, right } = search;
  const navigate = useNavigate();
  const isWide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const change: Change = (changes) =>
    void navigate({ to: "/compare", search: { ...search, ...changes } as CompareSearch, replace: true });
  const one = useExecution(left ?? "");
  const other = useExecution(right ?? "");
  const swap = () => change({ left: right, right: left, pair: undefined });
  useShortcut({ keys: "s", label: "Swap the sides", group: GROUP }, swap);
  return (
    <Page
      title="Compare executions"
      isFilling={isWide}
      actions={
        <>
          <Button
            size="xs"
            variant="default"
            leftSection={<ArrowLeftRight size={14} aria-hidden />}
            onClick={swap}
          >
            Swap
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<Crosshair size={14} aria-hidden />}
            onClick={() =>
              void navigate({
                to: "/compare/bisect",
                search: { ...(right && { execution: right }), ...(left && { good: left }) },
              })
            }
          >
            Bisect
          </Button>
        </>
      }
    >
      <div className={classes.screen}>
        <Outcomes
          left={one.data}
          right={other.data}
          picker={(side: Side) => (
            <ExecutionPicker
              label={`${SIDE_WORDS[side]} execution`}
              isLabelHidden
              value={search[side]}
              except={search[side === "left" ? "right" : "left"]}
              onChange={(id) => change({ [side]: id, pair: undefined })}
            />
          )}
        />
        {one.data !== undefined && other.data !== undefined ? (
          <Comparison left={one.data} right={other.data} search={search} onChange={change} />
        ) : (
          <Missing
            isLoading={(left !== undefined && one.isPending) || (right !== undefined && other.isPending)}
          />
        )}
      </div>
    </Page>
  );
}

function Missing({ isLoading }: { isLoading: boolean }) {
  if (isLoading) return <LoadingState label="Reading the executions" />;
  return (
    <EmptyState
      icon={Columns2}
      title="Choose two executions"
      text="Their steps are aligned, and you see where they part. In the list of executions, x chooses one and c compares two."
    />
  );
}

interface ComparisonProps {
  readonly left: Execution;
  readonly right: Execution;
  readonly search: CompareSearch;
  readonly onChange: Change;
}

function Comparison({ left, right, search, onChange }: ComparisonProps) {
  const comparison = useExecutionComparison(left.id, right.id);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = comparison;
  const steps = useMemo(() => data?.steps ?? [], [data]);
  const pairs = useMemo(() => pairsOf(steps), [steps]);
  const first = placeOf(steps, data?.firstDivergence);
  // The first divergence may lie beyond the pages that were read, and so may the pair that the address names.
  const isSought =
    search.pair === undefined
      ? data?.firstDivergence !== undefined && first < 0
      : search.pair >= steps.length;
  useEffect(() => {
    if (isSought && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isSought, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const active = Math.min(search.pair ?? Math.max(0, first), Math.max(0, pairs.length - 1));
  const pair = pairs[active];
  const shown = useMemo(
    () => (search.only === "differences" ? pairs.filter((each) => each.kind !== "SAME") : pairs),
    [pairs, search.only],
  );
  if (comparison.isPending) return <LoadingState label="Aligning the steps" />;
  if (comparison.isError)
    return <ErrorState error={comparison.error} onRetry={() => void comparison.refetch()} />;
  if (pairs.length === 0 || pair === undefined)
    return <EmptyState title="Nothing to compare" text="Neither execution has recorded a step yet." />;
  const go = (place: number) => onChange({ pair: place });
  return (
    <>
      <Summary
        comparison={comparison.data}
        active={active}
        first={first}
        search={search}
        onChange={onChange}
      />
      <div className={classes.panes}>
        <section className={classes.pane} aria-label="Steps">
          <AlignedSteps
            left={left}
            right={right}
            pairs={shown}
            active={active}
            onActive={go}
            firstPlace={first < 0 ? undefined : first}
            hasMore={hasNextPage}
            isLoadingMore={isFetchingNextPage}
            onLoadMore={() => void fetchNextPage()}
          />
        </section>
        <section className={`${classes.pane} ${classes.framed}`} aria-label="States">
          <PairDiff left={left.id} right={right.id} pair={pair} before={stepsBefore(steps, active)} />
        </section>
      </div>
    </>
  );
}

interface SummaryProps {
  readonly comparison: NonNullable<ReturnType<typeof useExecutionComparison>["data"]>;
  readonly active: number;
  readonly first: number;
  readonly search: CompareSearch;
  readonly onChange: Change;
}

/** How many steps are the same and how many are not, and the ways from one difference to the next. */
function Summary({ comparison, active, first, search, onChange }: SummaryProps) {
  const { steps, sameCount, differentCount, missingCount, extraCount } = comparison;
  const next = nextDifference(steps, active, 1);
  const before = nextDifference(steps, active, -1);
  const go = (place: number | undefined) => place !== undefined && onChange({ pair: place });
  useShortcut({ keys: "n", label: "Next difference", group: GROUP }, () => go(next));
  useShortcut({ keys: "p", label: "Difference before", group: GROUP }, () => go(before));
  useShortcut({ keys: "f", label: "First divergence", group: GROUP }, () => first >= 0 && go(first));
  const isSame = comparison.firstDivergence === undefined;
  return (
    <div className={classes.counts}>
      <Text size="sm" role="status">
        {isSame ? (
          <>
            <Equal size={14} aria-hidden /> All {formatCount(sameCount)} steps are the same
          </>
        ) : (
          [
            `${formatCount(sameCount)} same`,
            `${formatCount(differentCount)} differ`,
            `${formatCount(missingCount)} only left`,
            `${formatCount(extraCount)} only right`,
          ].join(" · ")
        )}
      </Text>
      {!isSame && (
        <>
          <Button.Group ml="auto">
            <Tooltip label="Difference before (p)">
              <Button
                size="xs"
                variant="default"
                px={8}
                aria-label="Difference before"
                disabled={before === undefined}
                onClick={() => go(before)}
              >
                <ArrowUp size={14} />
              </Button>
            </Tooltip>
            <Button size="xs" variant="default" disabled={first < 0} onClick={() => go(first)}>
              First divergence
            </Button>
            <Tooltip label="Next difference (n)">
              <Button
                size="xs"
                variant="default"
                px={8}
                aria-label="Next difference"
                disabled={next === undefined}
                onClick={() => go(next)}
              >
                <ArrowDown size={14} />
              </Button>
            </Tooltip>
          </Button.Group>
          <SegmentedControl
            size="xs"
            aria-label="Steps shown"
            data={[
              { value: "all", label: "All steps" },
              { value: "differences", label: "Differences" },
            ]}
            value={search.only ?? "all"}
            onChange={(value) => onChange({ only: value === "differences" ? value : undefined })}
          />
        </>
      )}
    </div>
  );
}
