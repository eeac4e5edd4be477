import type { Timeloom } from "@timeloom/client";
import { errorOf } from "@timeloom/client";
import { isUnreachable, keepAnswer, keptAnswer } from "../../../app/offline/kept-answers";
import type { ReadFrames } from "./reel";

/**
 * Plays parts of an execution: its first frame has the whole state, the others what changed.
 *
 * Without a network, the parts that were played before are played again.
 */
export function frameReader(timeloom: Timeloom, executionId: string): ReadFrames {
  return async (first, last, signal) => {
    const question = `frames ${executionId} ${first} ${last}`;
    try {
      const frames = await readFrames(timeloom, executionId, { first, last, signal });
      const [shown, kept] = frames.tee();
      new Response(kept).text().then(
        (text) => keepAnswer(question, text),
        () => undefined, // nobody wants them any more
      );
      return shown;
    } catch (error) {
      const kept = isUnreachable(error) ? await keptAnswer(question) : undefined;
      if (typeof kept !== "string") throw error;
      return new Blob([kept]).stream();
    }
  };
}

interface Part {
  readonly first: number;
  readonly last: number;
  readonly signal: AbortSignal;
}

async function readFrames(timeloom: Timeloom, executionId: string, { first, last, signal }: Part) {
  const response = await timeloom.fetch(`/api/agent-executions/${executionId}/replay`, {
    method: "POST",
    headers: { Accept: "application/x-ndjson", "Content-Type": "application/json" },
    body: JSON.stringify({ fromSequence: first, toSequence: last, content: "DELTA" }),
    signal,
  });
  if (!response.ok || response.body === null) throw await errorOf(response);
  return response.body;
}
