import type { MemoryMatch } from "@timeloom/client";

/** A memory that a search found and the context does not have, and why. */
export interface LeftOut {
  readonly match: MemoryMatch;
  readonly reason: string;
}

/** What scores less has little to do with the query: the server leaves it out of contexts. */
export const SCORE_MIN = 0.15;

/** What was found and not taken, best first, each with the reason. */
export function leftOutOf(found: readonly MemoryMatch[], taken: readonly MemoryMatch[]): LeftOut[] {
  const ids = new Set(taken.map((each) => each.memory?.id));
  return found
    .filter((each) => !ids.has(each.memory?.id))
    .map((match) => ({ match, reason: reasonOf(match) }));
}

function reasonOf({ score }: MemoryMatch): string {
  if (score < SCORE_MIN) return `it scores less than ${SCORE_MIN}, and has little to do with the query`;
  return "the tokens went to what fits better or adds variety";
}
