import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANGES_MAX, changesBetween } from "./changes";
import { diffRows, LINES_SHOWN } from "./diff-lines";
import { listDiff } from "./list-diff";
import { JsonMarks, NO_MARKS } from "./marks";
import { GROUP_SIZE, opened, outline } from "./outline";
import { childPointer, parentPointer, tokensOf, valueAt } from "./pointer";
import { type Found, searchJson } from "./search";

const state = { city: "Lisbon", budget: { total: 700 }, notes: ["a", "b"], "a/b~c": { "": 1 } };

describe("pointers", () => {
  it("lead to names with slashes, tildes and nothing", () => {
    const pointer = childPointer(childPointer("", "a/b~c"), "");
    expect([pointer, tokensOf(pointer), valueAt(state, pointer)]).toEqual(["/a~1b~0c/", ["a/b~c", ""], 1]);
    expect(parentPointer(pointer)).toBe("/a~1b~0c");
  });

  it("do not find what every object inherits", () => {
    expect(valueAt(state, "/constructor")).toBeUndefined();
  });
});

describe("changesBetween", () => {
  it("tells members that came, went and changed", () => {
    const older = { same: 1, gone: true, nested: { value: 1 } };
    const newer = { same: 1, nested: { value: 2 }, come: null };
    expect(changesBetween(older, newer).changes).toEqual([
      { kind: "CHANGED", path: "/nested/value", oldValue: 1, newValue: 2 },
      { kind: "ADDED", path: "/come", newValue: null },
      { kind: "REMOVED", path: "/gone", oldValue: true },
    ]);
  });

  it("tells an element that was put between others as one that came", () => {
    expect(changesBetween(["a", "c"], ["a", "b", "c"]).changes).toEqual([
      { kind: "ADDED", path: "/1", newValue: "b" },
    ]);
  });

  it("tells of a list that moves on only what left and what came", () => {
    const older = Array.from({ length: 60 }, (_, index) => ({ index }));
    const newer = [...older.slice(1), { index: 60 }];
    expect(changesBetween(older, newer).changes).toEqual([
      { kind: "REMOVED", path: "/0", oldValue: { index: 0 } },
      { kind: "ADDED", path: "/59", newValue: { index: 60 } },
    ]);
  });

  it("says enough to make the newer list of the older one", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, (older, newer) => {
        let made: string[] = [];
        let from = 0;
        for (const splice of listDiff(older, newer) ?? []) {
          made = [...made, ...older.slice(from, splice.olderFrom)];
          expect(made.length).toBe(splice.newerFrom);
          made = [...made, ...newer.slice(splice.newerFrom, splice.newerEnd)];
          from = splice.olderEnd;
        }
        expect([...made, ...older.slice(from)]).toEqual(newer);
      }),
    );
  });

  it("does not take a member for one that every object inherits", () => {
    expect(changesBetween({}, JSON.parse('{"constructor": 1}')).changes).toEqual([
      { kind: "ADDED", path: "/constructor", newValue: 1 },
    ]);
  });

  it("stops at its bound", () => {
    const newer = Array.from({ length: CHANGES_MAX + 1 }, (_, index) => index);
    const found = changesBetween([], newer);
    expect([found.changes.length, found.truncated]).toEqual([CHANGES_MAX, true]);
  });
});

describe("outline", () => {
  const names = (rows: ReturnType<typeof outline>) => rows.map((row) => row.name);

  it("shows what is open, and what is there no more", () => {
    const marks = new JsonMarks([{ kind: "REMOVED", path: "/budget/spent", oldValue: 3 }]);
    const rows = outline(state, new Map([["/notes", false]]), marks);
    expect(names(rows)).toEqual(["a/b~c", "", "budget", "total", "spent", "city", "notes"]);
    expect(rows[4]?.mark).toBe("REMOVED");
    expect(rows.filter((row) => row.hasChangesBelow).map((row) => row.pointer)).toEqual(["/budget"]);
  });

  it("shows long lists in groups, which open where something is looked for", () => {
    const long = { list: Array.from({ length: 3 * GROUP_SIZE }, (_, index) => ({ index })) };
    expect(outline(long, new Map([["/list", true]]), NO_MARKS)).toHaveLength(1 + 3);
    const open = new Map(opened(long, ["list", "250", "index"]).map((id) => [id, true]));
    const rows = outline(long, open, NO_MARKS);
    expect(rows.find((row) => row.pointer === "/list/250/index")?.value).toBe(250);
  });
});

describe("searchJson", () => {
  it("finds names and values in the order of the tree", async () => {
    let found: Found = { pointers: [], isComplete: false };
    await searchJson(state, "B", new AbortController().signal, (each) => {
      found = each;
    });
    expect(found).toEqual({
      pointers: ["/city", "/budget", "/notes/1", "/a~1b~0c"],
      isComplete: true,
    });
  });
});

describe("diffRows", () => {
  it("marks what a line has and its counterpart has not", () => {
    const rows = diffRows([{ kind: "CHANGED", path: "/n", oldValue: "one two", newValue: "one 2 two" }], {
      isSplit: true,
      whole: new Set(),
    });
    expect(rows[1]).toMatchObject({
      older: { parts: [{ text: '"one ' }, { text: 'two"' }] },
      newer: { parts: [{ text: '"one ' }, { text: "2 ", isNew: true }, { text: 'two"' }] },
    });
  });

  it("keeps long values short until all of one is asked for", () => {
    const change = { kind: "ADDED", path: "/l", newValue: Array.from({ length: 98 }, () => 1) } as const;
    const short = diffRows([change], { isSplit: false, whole: new Set() });
    expect(short.at(-1)).toMatchObject({ type: "more", hidden: 100 - LINES_SHOWN });
    expect(diffRows([change], { isSplit: false, whole: new Set(["/l"]) })).toHaveLength(101);
  });
});
