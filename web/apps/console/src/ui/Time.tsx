import { Text, type TextProps, Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { formatAgo, formatDateTime } from "./format";

const TICK_MS = 10_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

// One clock for all times that are shown.
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The current time, which moves on every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago something was; the whole time on hover and for screen readers. */
export function TimeAgo({ time, ...text }: { time: string } & TextProps) {
  const since = useNow();
  const full = formatDateTime(time);
  return (
    <Tooltip label={full}>
      <Text component="time" dateTime={time} size="sm" c="dimmed" {...text}>
        {formatAgo(time, Math.max(since, Date.parse(time)))}
      </Text>
    </Tooltip>
  );
}
