import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useId, useMemo, useRef } from "react";
import { formatDuration } from "../../../ui/format";
import { type TimeWindow, ticksOf, type WaterfallLayout, zoomed } from "./layout";
import { Minimap } from "./Minimap";
import type { WaterfallView } from "./use-waterfall";
import classes from "./Waterfall.module.css";
import { ROW_PX, WaterfallRow } from "./WaterfallRow";

const OVERSCAN_ROWS = 12;
const TICK_PX = 110;
const ZOOM = 0.6;
const PAGE_ROWS = 20;

interface WaterfallProps {
  readonly layout: WaterfallLayout;
  readonly view: WaterfallView;
  /** The index of the span whose details are shown. */
  readonly selected: number | undefined;
  readonly isCriticalOnly: boolean;
  readonly onSelect: (index: number) => void;
}

/** The spans of a trace as a tree beside their bars in time. */
export function Waterfall({ layout, view, selected, isCriticalOnly, onSelect }: WaterfallProps) {
  const { rows, found, window, active } = view;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const size = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, size.ref);
  const isFound = useMemo(() => new Set(found), [found]);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    getItemKey: (at) => rows[at] ?? at,
  });
  const place = rows.indexOf(active);
  useEffect(() => {
    if (place >= 0) virtualizer.scrollToIndex(place);
  }, [place, virtualizer]);
  const latest = useRef(view);
  useEffect(() => {
    latest.current = view;
  });
  const select = useCallback(
    (index: number) => {
      latest.current.setActive(index);
      onSelect(index);
    },
    [onSelect],
  );
  const toggle = useCallback((index: number) => latest.current.toggle(index), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!handleKey(event.key, layout, view, onSelect)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const activeSpan = layout.spans[active];
  return (
    <div className={classes.frame}>
      <Minimap layout={layout} window={window} isZoomed={view.isZoomed} onLook={view.look} />
      <Axis window={window} widthPx={size.width} />
      <div
        ref={ref}
        className={classes.scroller}
        role="tree"
        aria-label="Spans"
        aria-activedescendant={activeSpan && place >= 0 ? `${id}${activeSpan.event.spanId}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div className={classes.body} style={{ height: virtualizer.getTotalSize() }} role="presentation">
          {virtualizer.getVirtualItems().map((item) => {
            const span = layout.spans[rows[item.index] ?? -1];
            if (span === undefined) return null;
            return (
              <WaterfallRow
                key={span.index}
                id={`${id}${span.event.spanId}`}
                of={span}
                top={item.start}
                isOpen={!view.closed.has(span.event.spanId)}
                isActive={span.index === active}
                isSelected={span.index === selected}
                isFound={isFound.has(span.index)}
                isDim={isCriticalOnly && !span.span.isCritical}
                from={window.from}
                to={window.to}
                onSelect={select}
                onToggle={toggle}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Axis({ window, widthPx }: { window: TimeWindow; widthPx: number }) {
  const length = window.to - window.from;
  return (
    <div className={classes.axis} aria-hidden>
      <span className={classes.axisName}>Span</span>
      <div className={classes.axisTimes}>
        {ticksOf(window, Math.max(2, (widthPx * 0.6) / TICK_PX)).map((at) => (
          <span key={at} className={classes.tick} style={{ left: `${((at - window.from) / length) * 100}%` }}>
            {at === 0 ? "0" : formatDuration(at)}
          </span>
        ))}
      </div>
    </div>
  );
}

/** Does what a key says; false if it says nothing here. */
function handleKey(
  key: string,
  layout: WaterfallLayout,
  view: WaterfallView,
  onSelect: (index: number) => void,
): boolean {
  const { rows, active, window } = view;
  const place = Math.max(0, rows.indexOf(active));
  const span = layout.spans[active];
  const go = (to: number) => {
    const index = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (index !== undefined) view.setActive(index);
    return true;
  };
  const around = span === undefined ? window.from : span.start + span.duration / 2;
  const zoom = (factor: number) => {
    view.look(zoomed(window, factor, Math.min(Math.max(around, window.from), window.to), layout.length));
    return true;
  };
  switch (key) {
    case "ArrowDown":
    case "j":
      return go(place + 1);
    case "ArrowUp":
    case "k":
      return go(place - 1);
    case "PageDown":
      return go(place + PAGE_ROWS);
    case "PageUp":
      return go(place - PAGE_ROWS);
    case "Home":
      return go(0);
    case "End":
      return go(rows.length - 1);
    case "ArrowRight":
      if (span !== undefined && view.closed.has(span.event.spanId)) view.toggle(active, true);
      else if (span !== undefined && span.end > active + 1) return go(place + 1);
      return true;
    case "ArrowLeft":
      if (span !== undefined && span.end > active + 1 && !view.closed.has(span.event.spanId))
        view.toggle(active, false);
      else if (span !== undefined && span.parent >= 0) view.setActive(span.parent);
      return true;
    case "Enter":
    case " ":
      onSelect(active);
      return true;
    case "+":
    case "=":
      return zoom(ZOOM);
    case "-":
      return zoom(1 / ZOOM);
    default:
      return false;
  }
}
