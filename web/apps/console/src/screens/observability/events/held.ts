import type { TelemetryEvent } from "@timeloom/client";

type Received = Pick<TelemetryEvent, "receiveTime">;

/** When the newest of some events was committed; empty without any. */
export function newestOf(events: readonly Received[]): string {
  return events.reduce(
    (newest, { receiveTime = "" }) => (isAfter(receiveTime, newest) ? receiveTime : newest),
    "",
  );
}

/** What had been committed by then: what has come since waits. Everything without a bound. */
export function heldBack<Event extends Received>(
  events: readonly Event[],
  bound: string | undefined,
): readonly Event[] {
  if (bound === undefined) return events;
  return events.filter(({ receiveTime = "" }) => !isAfter(receiveTime, bound));
}

// A second may come with and without its fraction, which makes the texts of different lengths.
function isAfter(left: string, right: string): boolean {
  return left.replace("Z", "") > right.replace("Z", "");
}
