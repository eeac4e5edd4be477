import { Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { ValueChange } from "@timeloom/client";
import { useValueHistory } from "@timeloom/client/react";
import { useDeferredValue, useEffect, useMemo, useRef } from "react";
import { previewOf } from "../../../ui/json";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { usePlayback, useRecording, useSteps } from "../recording";
import classes from "./Panels.module.css";
import { useRowInView } from "./useRowInView";
import { ValueChart } from "./ValueChart";

const ROW_PIXELS = 40;
/** A value that changed more often shows its first so many changes. */
const CHANGES_MAX = 5_000;
const PAGE_SIZE = 1_000;
const WORDS = { ADDED: "added", REMOVED: "removed", CHANGED: "changed", UNSPECIFIED: "" } as const;

interface ValuePanelProps {
  readonly path: string | undefined;
  readonly way: ReadonlySet<number>;
}

/** How the chosen value came to be: each of its values, with the step that set it. */
export function ValuePanel({ path, way }: ValuePanelProps) {
  if (path === undefined) {
    return (
      <EmptyState
        title="No value chosen"
        text="Choose a value in the state to see when it changed, from what to what."
      />
    );
  }
  return <History key={path} path={path} way={way} />;
}

function History({ path, way }: { path: string; way: ReadonlySet<number> }) {
  const { executionId, player } = useRecording();
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  // The history is told on the way to the head, or to a snapshot that was left behind.
  const end = way.has(sequence) ? 0 : sequence;
  const found = useValueHistory(executionId, path, { sequence: end, pageSize: PAGE_SIZE });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  const changes = found.data;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && (changes?.length ?? 0) < CHANGES_MAX) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, changes?.length]);
  const isNumeric = useMemo(
    () => (changes?.filter((each) => typeof each.newValue === "number").length ?? 0) > 1,
    [changes],
  );
  if (found.error !== null) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (changes === undefined) return <LoadingState label="Loading the history" />;
  if (changes.length === 0) {
    return <EmptyState title="Never set" text={`No step on this way has a value at ${path}.`} />;
  }
  return (
    <div style={{ display: "flex", flexDirection: "column", height: "100%" }}>
      <Text size="xs" className="mono" px={12} py={8} style={{ overflowWrap: "anywhere" }}>
        {path === "" ? "The whole state" : path}
        <Text span c="dimmed" size="xs" inherit>
          {` · ${changes.length} ${changes.length === 1 ? "change" : "changes"}`}
        </Text>
      </Text>
      {isNumeric && (
        <ValueChart
          label={path}
          changes={changes}
          last={steps.at(-1)?.sequence ?? 1}
          sequence={sequence}
          onChoose={(chosen) => player.seek(chosen)}
        />
      )}
      <ChangeList changes={changes} sequence={sequence} onChoose={(chosen) => player.seek(chosen)} />
    </div>
  );
}

interface ChangeListProps {
  readonly changes: readonly ValueChange[];
  readonly sequence: number;
  readonly onChoose: (sequence: number) => void;
}

function ChangeList({ changes, sequence, onChoose }: ChangeListProps) {
  const scroller = useRef<HTMLUListElement>(null);
  const virtual = useVirtualizer({
    count: changes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 6,
  });
  const current = changes.findLastIndex((each) => each.sequence <= sequence);
  useRowInView(virtual, current, ROW_PIXELS);
  return (
    <ul
      ref={scroller}
      className={classes.list}
      aria-label="Changes of the value"
      style={{ margin: 0, padding: 0 }}
    >
      <li role="none" style={{ height: virtual.getTotalSize(), position: "relative", listStyle: "none" }}>
        {virtual.getVirtualItems().map((item) => {
          const change = changes[item.index];
          return (
            change && (
              <button
                key={change.sequence}
                type="button"
                className={classes.change}
                aria-current={item.index === current}
                style={{ position: "absolute", top: item.start, height: ROW_PIXELS }}
                onClick={() => onChoose(change.sequence)}
              >
                <span className={classes.number}>{change.sequence}</span>
                <span style={{ minWidth: 0 }}>
                  <span className={classes.changeValue} style={{ display: "block" }}>
                    {change.kind === "REMOVED" ? "removed" : previewOf(change.newValue)}
                  </span>
                  <span className={classes.aside}>
                    {change.stepName} {WORDS[change.kind]}
                  </span>
                </span>
              </button>
            )
          );
        })}
      </li>
    </ul>
  );
}
