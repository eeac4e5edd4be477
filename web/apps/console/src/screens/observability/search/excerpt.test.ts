import { expect, it } from "vitest";
import { piecesOf } from "./excerpt";

it("marks what was looked for", () => {
  expect(piecesOf("the <mark>parcel</mark> arrived <mark>broken</mark>")).toEqual([
    { text: "the ", isMarked: false },
    { text: "parcel", isMarked: true },
    { text: " arrived ", isMarked: false },
    { text: "broken", isMarked: true },
  ]);
});

it("shows what was escaped as it was written", () => {
  expect(piecesOf("a &lt;b&gt; &amp;lt; <mark>&quot;c&#x27;</mark>")).toEqual([
    { text: "a <b> &lt; ", isMarked: false },
    { text: "\"c'", isMarked: true },
  ]);
});

it("takes what is no whole mark as text", () => {
  expect(piecesOf("<mark>open")).toEqual([{ text: "<mark>open", isMarked: false }]);
  expect(piecesOf("")).toEqual([]);
});
