import type { MemoryMatch } from "@timeloom/client";

type SignalName = keyof NonNullable<MemoryMatch["signals"]>;

/** A part of a score. */
export interface ScorePart {
  readonly name: SignalName;
  /** Short, for a legend. */
  readonly label: string;
  /** What it measures, in a sentence's part. */
  readonly words: string;
  readonly value: number;
  readonly rank: number;
  /** What it adds, or what it multiplies by. */
  readonly contribution: number;
}

/** A score taken apart: what is added up, and what that sum is multiplied by. */
export interface ScoreParts {
  readonly added: readonly ScorePart[];
  readonly sum: number;
  readonly boosts: readonly ScorePart[];
  readonly factor: number;
  readonly score: number;
}

const ADDED: readonly (readonly [SignalName, string, string])[] = [
  ["semantic", "Meaning", "how close its meaning is to the query, as a cosine"],
  ["keyword", "Words", "how many of the query's words it has, weighed by how rare they are"],
  ["contextSemantic", "Meaning in context", "how close it is in meaning together with what came before it"],
  ["context", "Words in context", "which of the query's words it has together with what came before it"],
];

const BOOSTS: readonly (readonly [SignalName, string, string])[] = [
  ["recency", "Recency", "how likely it is to be recalled, by its age and use"],
  ["importance", "Importance", "how much it matters, as its writer said"],
  ["frequency", "Use", "how often it was found and used"],
  ["time", "Time", "how well it fits the time that the query names"],
];

/** Takes a score apart; undefined if the search was not asked to explain. */
export function partsOf({ score, signals }: Pick<MemoryMatch, "score" | "signals">): ScoreParts | undefined {
  if (signals === undefined) return undefined;
  const read = ([name, label, words]: readonly [SignalName, string, string]): ScorePart => {
    const { value = 0, rank = 0, contribution = 0 } = signals[name] ?? {};
    return { name, label, words, value, rank, contribution };
  };
  const added = ADDED.map(read);
  const boosts = BOOSTS.map(read).filter((each) => each.contribution !== 0);
  return {
    added,
    sum: added.reduce((sum, each) => sum + each.contribution, 0),
    boosts,
    factor: boosts.reduce((product, each) => product * each.contribution, 1),
    score,
  };
}

/** The whole explanation as a sentence. */
export function sentenceOf({ added, factor, score }: ScoreParts): string {
  const parts = added
    .filter((each) => each.contribution > 0)
    .map((each) => `${each.label.toLowerCase()} ${each.contribution.toFixed(3)}`);
  const sum = parts.length > 0 ? parts.join(" + ") : "nothing in common";
  return `Score ${score.toFixed(3)}: ${sum}, times ${factor.toFixed(3)} for recency, importance, use and time`;
}
