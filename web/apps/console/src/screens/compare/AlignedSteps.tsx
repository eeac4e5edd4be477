import { useMediaQuery } from "@mantine/hooks";
import type { Execution, Snapshot } from "@timeloom/client";
import { useExecutionSnapshots } from "@timeloom/client/react";
import { useMemo } from "react";
import { formatDuration } from "../../ui/format";
import { type Column, VirtualTable } from "../../ui/VirtualTable";
import { type Pair, SIGNS } from "./alignment";
import classes from "./Compare.module.css";

/** Of so many steps the times are shown. */
const TIMED_MAX = 1_000;

interface AlignedStepsProps {
  readonly left: Execution;
  readonly right: Execution;
  readonly pairs: readonly Pair[];
  readonly active: number | undefined;
  readonly onActive: (place: number) => void;
  readonly firstPlace: number | undefined;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly onLoadMore: () => void;
}

/** The steps of both executions beside one another: they scroll as one. */
export function AlignedSteps(props: AlignedStepsProps) {
  const { pairs, active, onActive, firstPlace } = props;
  const leftTimes = useTimes(props.left);
  const rightTimes = useTimes(props.right);
  const hasRoom = useMediaQuery("(min-width: 36em)", true, { getInitialValueInEffect: false });
  const columns = useMemo<readonly Column<Pair>[]>(
    () => [
      {
        key: "left",
        title: "Left",
        width: "minmax(0, 1fr)",
        render: (pair) => (
          <Step name={pair.stepName} sequence={pair.sequence} after={leftTimes.get(pair.sequence)} />
        ),
      },
      {
        key: "mark",
        title: <span className="visually-hidden">Comparison</span>,
        width: hasRoom ? "96px" : "34px",
        render: (pair) => <Sign pair={pair} isFirst={pair.place === firstPlace} hasRoom={hasRoom} />,
      },
      {
        key: "right",
        title: "Right",
        width: "minmax(0, 1fr)",
        render: (pair) => (
          <Step
            name={pair.stepName}
            sequence={pair.otherSequence}
            after={rightTimes.get(pair.otherSequence)}
          />
        ),
      },
    ],
    [leftTimes, rightTimes, firstPlace, hasRoom],
  );
  return (
    <VirtualTable
      label="Aligned steps"
      rows={pairs}
      keyOf={keyOf}
      columns={columns}
      activeKey={active === undefined ? undefined : String(active)}
      onActiveChange={(key) => key !== undefined && onActive(Number(key))}
      onOpen={(pair) => onActive(pair.place)}
      hasMore={props.hasMore}
      isLoadingMore={props.isLoadingMore}
      onLoadMore={props.onLoadMore}
      hasShortcuts
      rowHeightPx={32}
    />
  );
}

function keyOf(pair: Pair): string {
  return String(pair.place);
}

function Step({ name, sequence, after }: { name: string; sequence: number; after: number | undefined }) {
  if (sequence === 0) return <span className={classes.absent}>–</span>;
  return (
    <span className={classes.step}>
      <span className={classes.sequence}>{sequence}</span>
      <span className={classes.cut}>{name || "step"}</span>
      {after !== undefined && <span className={classes.after}>{formatDuration(after)}</span>}
    </span>
  );
}

function Sign({ pair, isFirst, hasRoom }: { pair: Pair; isFirst: boolean; hasRoom: boolean }) {
  const { sign, word } = SIGNS[pair.kind];
  return (
    <span className={classes.sign} data-kind={pair.kind} title={isFirst ? "The first divergence" : word}>
      <span className="mono" aria-hidden>
        {sign}
      </span>
      <span className={hasRoom ? undefined : "visually-hidden"}>{isFirst ? "First" : word}</span>
    </span>
  );
}

/** How many milliseconds after the beginning each step was recorded. */
function useTimes({ id, createTime }: Execution): ReadonlyMap<number, number> {
  const { data } = useExecutionSnapshots(id, { pageSize: TIMED_MAX });
  return useMemo(() => {
    const began = Date.parse(createTime ?? "");
    const times = (data ?? []).map((each: Snapshot) => [
      each.sequence,
      Date.parse(each.createTime ?? "") - began,
    ]);
    return new Map(
      times.filter(([, after]) => Number.isFinite(after) && (after ?? -1) >= 0) as [number, number][],
    );
  }, [data, createTime]);
}
