import type { TelemetryEvent } from "@timeloom/client";
import { useLiveStatus, useObservabilityEvents } from "@timeloom/client/react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useNow } from "../../../ui/Time";
import { resolveRange, type Span } from "../../../ui/time-range";
import type { EventsSearch } from "../routes";
import { eventFilter, rangeOf, readFilter } from "../shared/filter";
import { heldBack, newestOf } from "./held";

const PAGE_EVENTS = 200;

/** Why a search cannot be followed live; undefined if it can. */
export function whyNotLive(search: EventsSearch): string | undefined {
  if (search.attributes !== undefined) return "Events are told live without their attributes";
  if (search.order !== undefined) return "Only the newest first can be followed";
  if (rangeOf(search).kind !== "last") return "A time that is over has nothing new";
  return undefined;
}

/** The events of a search, those that arrive among them while it is live. */
export function useEvents(search: EventsSearch, onChange: (search: EventsSearch) => void) {
  const isLive = search.live === true && whyNotLive(search) === undefined;
  const span = useSpan(search, isLive);
  const conditions = JSON.stringify(readFilter(search as Record<string, unknown>));
  const filter = useMemo(() => {
    const within = eventFilter(JSON.parse(conditions), span);
    const { startedBefore: _, ...open } = within;
    // What is told live goes on after the span's end.
    return isLive ? open : within;
  }, [conditions, span, isLive]);
  const found = useObservabilityEvents({
    filter,
    orderBy: search.order,
    pageSize: PAGE_EVENTS,
    live: isLive,
  });
  const [isAtTop, setAtTop] = useState(true);
  const [isStopped, setStopped] = useState(false);
  const { isPaused, pause, resume } = found;
  // Rows that come would move those that are read.
  const isHeld = isLive && (isStopped || !isAtTop);
  const [bound, setBound] = useState<string>();
  useEffect(() => {
    if (isHeld && !isPaused) pause();
    if (!isHeld && isPaused) resume();
  }, [isHeld, isPaused, pause, resume]);
  if (isHeld !== (bound !== undefined)) setBound(isHeld ? newestOf(found.events) : undefined);
  const events = useMemo(() => heldBack(found.events, bound), [found.events, bound]);
  const follow = useCallback(
    (goesOn: boolean) => {
      setStopped(!goesOn);
      if (goesOn && search.live !== true) onChange({ ...search, live: true });
    },
    [search, onChange],
  );
  const status = useLiveStatus();
  return {
    span,
    list: found.list,
    events: events as readonly TelemetryEvent[],
    isLive,
    isHeld,
    isConnecting: isLive && status !== "open",
    waitingCount: found.waitingCount,
    droppedCount: found.droppedCount,
    liveError: found.liveError,
    follow,
    setAtTop,
  };
}

export type EventExplorer = ReturnType<typeof useEvents>;

/** The span of a search. As long as it is live, it stays where it was. */
function useSpan(search: EventsSearch, isLive: boolean): Span {
  const now = useNow();
  const range = search.range;
  const [begun, setBegun] = useState(now);
  if (!isLive && begun !== now) setBegun(now);
  const { from, to } = resolveRange(rangeOf(range === undefined ? {} : { range }), begun);
  return useMemo(() => ({ from, to }), [from, to]);
}
