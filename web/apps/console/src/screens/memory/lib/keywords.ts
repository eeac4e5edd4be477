import type { Memory } from "@timeloom/client";

/** What a search without the server weighs: Okapi's usual saturation and length factors. */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;
const WORD = /[\p{L}\p{N}]+/gu;

/** A memory that was found by its words. */
export interface KeywordHit {
  readonly memory: Memory;
  /** From 0 to 1: BM25 as a share of the best that was found. */
  readonly score: number;
}

/** Finds memories by their words (BM25; a word of the query also finds what begins with it), best first. */
export function searchByWords(memories: readonly Memory[], query: string, limit: number): KeywordHit[] {
  const wanted = [...new Set(wordsOf(query))];
  if (wanted.length === 0) return [];
  const texts = memories.map((memory) => wordsOf(`${memory.content} ${memory.tags.join(" ")}`));
  const meanLength = texts.reduce((sum, each) => sum + each.length, 0) / Math.max(1, texts.length);
  const counts = texts.map((words) => wanted.map((each) => words.filter((word) => fits(word, each)).length));
  const rarity = wanted.map((_, place) => {
    const having = counts.filter((each) => (each[place] ?? 0) > 0).length;
    return Math.log(1 + (memories.length - having + 0.5) / (having + 0.5));
  });
  const scored = memories.map((memory, index) => {
    const norm = 1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * (texts[index]?.length ?? 0)) / Math.max(1, meanLength);
    const score = rarity.reduce((sum, weight, place) => {
      const count = counts[index]?.[place] ?? 0;
      return sum + (weight * count * (SATURATION + 1)) / (count + SATURATION * norm);
    }, 0);
    return { memory, score };
  });
  const found = scored.filter((each) => each.score > 0).sort((left, right) => right.score - left.score);
  const best = found[0]?.score ?? 1;
  return found.slice(0, limit).map(({ memory, score }) => ({ memory, score: score / best }));
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

function fits(word: string, wanted: string): boolean {
  return word === wanted || (wanted.length >= 3 && word.startsWith(wanted));
}
