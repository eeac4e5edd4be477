import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import type { LiveListener } from "../live/live.js";
import type { LiveStatus } from "../live/machine.js";
import {
  isTelemetry,
  LIVE_TOPICS,
  Staleness,
  staleAfterGap,
  TELEMETRY_INTERVAL_MS,
} from "./live-invalidation.js";
import { useTimeloom } from "./provider.js";

/** How often what is on screen is read anew at most while events come. */
export const LIVE_INTERVAL_MS = 250;

/** How the live stream stands: `closed` while nobody listens, `waiting` between two attempts to connect. */
export function useLiveStatus(): LiveStatus {
  const { live } = useTimeloom();
  const watch = useCallback((onChange: () => void) => live.watch(onChange), [live]);
  return useSyncExternalStore(
    watch,
    () => live.status,
    () => "closed",
  );
}

/** Listens to a topic while the component is there; an empty topic is none. The listener may change with every render. */
export function useLiveTopic(topic: string, listener: LiveListener): void {
  const { live } = useTimeloom();
  const current = useRef(listener);
  useEffect(() => {
    current.current = listener;
  });
  useEffect(() => {
    if (topic === "") return;
    return live.subscribe(topic, {
      onEvent: (...told) => current.current.onEvent(...told),
      onGap: () => current.current.onGap?.(),
      onRefused: (error) => current.current.onRefused?.(error),
    });
  }, [live, topic]);
}

/**
 * Has everything on screen read anew that events make stale, at most four times a second, and
 * telemetry every two seconds. `TimeloomProvider` does this with its option `live`; a component calls it where only a part of a page is to be live.
 */
export function useLiveInvalidation(topics: readonly string[] = LIVE_TOPICS): void {
  const { live } = useTimeloom();
  const queries = useQueryClient();
  const joined = topics.join("\n");
  useEffect(() => {
    const facts = new Staleness(queries, LIVE_INTERVAL_MS);
    const telemetry = new Staleness(queries, TELEMETRY_INTERVAL_MS);
    const ends = joined
      .split("\n")
      .filter(Boolean)
      .map((topic) => {
        const staleness = isTelemetry(topic) ? telemetry : facts;
        return live.subscribe(topic, {
          onEvent: (event, kind) => staleness.addEvent(kind, event),
          onGap: () => staleness.add(staleAfterGap(topic)),
        });
      });
    return () => {
      for (const end of ends) end();
      facts.stop();
      telemetry.stop();
    };
  }, [live, queries, joined]);
}
