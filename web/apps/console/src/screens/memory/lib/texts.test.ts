import type { Memory } from "@timeloom/client";
import { expect, test } from "vitest";
import { searchByWords } from "./keywords";
import { hasNull, mergePatch } from "./mergePatch";
import { unpackVectors } from "./packed";
import { partsOf, sentenceOf } from "./score";
import { DIFF_WORDS_MAX, diffTexts } from "./textDiff";

const memory = (id: string, content: string) =>
  ({ id, content, tags: [], dimension: 0 }) as unknown as Memory;

test("the difference of two texts has every word of both, and the same ones once", () => {
  const parts = diffTexts("Lunch is at noon.", "Lunch is at one, today.").map(({ at, ...part }) => part);
  expect(parts).toEqual([
    { kind: "same", text: "Lunch is at " },
    { kind: "removed", text: "noon" },
    { kind: "added", text: "one, today" },
    { kind: "same", text: "." },
  ]);
  expect(diffTexts("", "")).toEqual([]);
  expect(diffTexts("", "New.")).toEqual([{ kind: "added", text: "New.", at: 0 }]);
});

test("texts of very many words are replaced as a whole", () => {
  const long = "word ".repeat(DIFF_WORDS_MAX);
  expect(diffTexts(long, "short").map(({ kind }) => kind)).toEqual(["removed", "added"]);
});

test("a merge patch says only what differs, and null for what is gone", () => {
  expect(mergePatch({ a: 1, b: { c: 1, d: [1] }, e: 0 }, { a: 1, b: { c: 2, d: [1] } })).toEqual({
    b: { c: 2 },
    e: null,
  });
  expect(mergePatch({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBeUndefined();
  expect(mergePatch(undefined, { a: 1 })).toEqual({ a: 1 });
  expect([hasNull({ a: { b: null } }), hasNull({ a: [null] })]).toEqual([true, false]);
});

test("a search by words prefers rare words and finds beginnings", () => {
  const memories = [
    memory("a", "The kitchen has tea."),
    memory("b", "The kitchen has a kettle and a database."),
    memory("c", "Databases are backed up at night."),
  ];
  const found = searchByWords(memories, "database backed", 2);
  expect(found.map((each) => each.memory.id)).toEqual(["c", "b"]);
  expect(found[0]?.score).toBe(1);
  expect(searchByWords(memories, "?", 2)).toEqual([]);
  expect(searchByWords(memories, "zebra", 2)).toEqual([]);
});

test("a score is taken apart into what is added and what multiplies it", () => {
  const signal = (contribution: number) => ({ rank: 1, value: 0.5, contribution });
  const parts = partsOf({
    score: 0.33,
    signals: { semantic: signal(0.2), keyword: signal(0.1), recency: signal(1.1), time: signal(0) },
  });
  expect(parts).toMatchObject({ sum: expect.closeTo(0.3), factor: 1.1, score: 0.33 });
  expect(parts?.boosts.map(({ name }) => name)).toEqual(["recency"]);
  expect(parts && sentenceOf(parts)).toContain("meaning 0.200 + words 0.100");
  expect(partsOf({ score: 1 })).toBeUndefined();
});

test("packed vectors belong to the memories that have a dimension", () => {
  const numbers = new Float32Array([0.6, 0.8, 0, 0, 1]);
  const packed = btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)));
  const of = (id: string, dimension: number) => ({ id, dimension }) as Memory;
  const found = unpackVectors([of("a", 2), of("none", 0), of("made", 2), of("b", 1)], packed);
  expect([...found.keys()]).toEqual(["a", "b"]);
  expect(found.get("a")).toEqual(new Float32Array([0.6, 0.8]));
});
