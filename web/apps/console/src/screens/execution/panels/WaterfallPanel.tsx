import { useVirtualizer } from "@tanstack/react-virtual";
import type { TimelineEntry } from "@timeloom/client";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { formatDuration } from "../../../ui/format";
import { type Span, spansOf } from "../model/spans";
import { usePlayback, useRecording, useSteps } from "../recording";
import classes from "./Panels.module.css";
import { useRowInView } from "./useRowInView";

const ROW_PIXELS = 26;

/** Steps and their effects over time. */
export function WaterfallPanel({ entries }: { entries: readonly TimelineEntry[] }) {
  const { player } = useRecording();
  const steps = useSteps();
  const sequence = usePlayback((playback) => playback.sequence);
  const spans = useMemo(() => spansOf(steps, entries), [steps, entries]);
  const [from, to] = useMemo(() => extentOf(spans), [spans]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: spans.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 10,
  });
  const current = spans.findIndex((span) => span.sequence === sequence);
  useRowInView(virtual, current, ROW_PIXELS);
  const onKeyDown = (event: KeyboardEvent) => {
    const count = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 }[event.key];
    if (count === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    player.step(count);
  };
  return (
    <div
      ref={scroller}
      className={classes.scroll}
      role="listbox"
      tabIndex={0}
      aria-label="Steps and effects over time"
      onKeyDown={onKeyDown}
    >
      <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const span = spans[item.index];
          return (
            span && (
              <SpanRow
                key={span.id}
                span={span}
                start={item.start}
                isCurrent={span.sequence === sequence}
                left={((span.start - from) / (to - from)) * 100}
                width={((span.end - span.start) / (to - from)) * 100}
                onChoose={() => player.seek(span.sequence)}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function extentOf(spans: readonly Span[]): readonly [number, number] {
  const from = spans.reduce((least, span) => Math.min(least, span.start), Number.POSITIVE_INFINITY);
  const to = spans.reduce((most, span) => Math.max(most, span.end), Number.NEGATIVE_INFINITY);
  return [from, Math.max(to, from + 1)];
}

interface SpanRowProps {
  readonly span: Span;
  readonly start: number;
  readonly isCurrent: boolean;
  readonly left: number;
  readonly width: number;
  readonly onChoose: () => void;
}

function SpanRow({ span, start, isCurrent, left, width, onChoose }: SpanRowProps) {
  const tone = span.kind === "ERROR_STATE" ? "bad" : span.kind === "EFFECT" ? "info" : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the focus and handles the keys
    <div
      role="option"
      tabIndex={-1}
      aria-selected={isCurrent}
      className={classes.span}
      style={{ transform: `translateY(${start}px)`, height: ROW_PIXELS }}
      onClick={onChoose}
    >
      <span className={classes.spanName} data-inner={span.kind === "EFFECT" || undefined}>
        {span.kind === "EFFECT" ? span.name : `${span.sequence} ${span.name}`}
      </span>
      <span className={classes.track}>
        <span
          className={classes.bar}
          data-tone={tone}
          style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${width}%` }}
        />
      </span>
      <span className={classes.spanTime}>{formatDuration(span.end - span.start)}</span>
    </div>
  );
}
