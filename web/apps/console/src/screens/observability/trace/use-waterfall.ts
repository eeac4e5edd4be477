import { useCallback, useMemo, useState } from "react";
import {
  ancestors,
  closedBelow,
  spansWith,
  type TimeWindow,
  visibleRows,
  type WaterfallLayout,
  within,
} from "./layout";

/** What of a trace is looked at: which spans are open, which part of the time, which span. */
export function useWaterfall(layout: WaterfallLayout, words: string) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<TimeWindow>();
  const [active, setActive] = useState(0);
  const rows = useMemo(() => visibleRows(layout, closed), [layout, closed]);
  const found = useMemo(() => spansWith(layout, words), [layout, words]);
  const window = chosen ?? { from: 0, to: layout.length };

  /** Makes a span the active one, and opens what is above it. */
  const reveal = useCallback(
    (index: number) => {
      const hidden = new Set(ancestors(layout, index).map((each) => each.event.spanId));
      setClosed((before) => {
        const after = new Set([...before].filter((id) => !hidden.has(id)));
        return after.size === before.size ? before : after;
      });
      setActive(index);
    },
    [layout],
  );
  const toggle = useCallback(
    (index: number, isOpen?: boolean) => {
      const span = layout.spans[index];
      if (span === undefined || span.end === index + 1) return;
      const { spanId } = span.event;
      setClosed((before) => {
        const isClosed = before.has(spanId);
        if (isOpen === !isClosed) return before;
        const after = new Set(before);
        if (isClosed) after.delete(spanId);
        else after.add(spanId);
        return after;
      });
    },
    [layout],
  );
  const closeBelow = useCallback(
    (depth: number) => {
      setClosed(depth === Number.POSITIVE_INFINITY ? new Set() : closedBelow(layout, depth));
      setActive((before) => ((layout.spans[before]?.depth ?? 0) > depth ? 0 : before));
    },
    [layout],
  );
  const look = useCallback(
    (next: TimeWindow | undefined) => {
      const inside = next && within(next, layout.length);
      const isWhole = inside === undefined || inside.to - inside.from >= layout.length;
      setChosen(isWhole ? undefined : inside);
    },
    [layout.length],
  );
  return {
    rows,
    found,
    closed,
    window,
    isZoomed: chosen !== undefined,
    active,
    setActive,
    reveal,
    toggle,
    closeBelow,
    look,
  };
}

export type WaterfallView = ReturnType<typeof useWaterfall>;
