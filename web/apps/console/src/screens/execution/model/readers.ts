import type { Timeloom } from "@timeloom/client";
import { errorOf } from "@timeloom/client";
import type { ReadFrames } from "./reel";

/** Plays parts of an execution: its first frame has the whole state, the others what changed. */
export function frameReader(timeloom: Timeloom, executionId: string): ReadFrames {
  return async (first, last, signal) => {
    const response = await timeloom.fetch(`/api/agent-executions/${executionId}/replay`, {
      method: "POST",
      headers: { Accept: "application/x-ndjson", "Content-Type": "application/json" },
      body: JSON.stringify({ fromSequence: first, toSequence: last, content: "DELTA" }),
      signal,
    });
    if (!response.ok || response.body === null) throw await errorOf(response);
    return response.body;
  };
}
