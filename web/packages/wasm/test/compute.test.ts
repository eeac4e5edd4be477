import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPace } from "../src/calls/pace.js";
import { nearestRows } from "../src/compute/neighbors.js";
import {
  apply,
  changes,
  createCompute,
  diff,
  type Json,
  type JsonObject,
  type Operation,
  percentilesOf,
  Sketch,
} from "../src/index.js";
import { randomVectors } from "./vectors.js";

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** Two states that have much in common, as a state and the next have. */
const related = fc
  .record({ shared: fc.dictionary(fc.string(), json), left: json, right: json, items: fc.array(json) })
  .chain(({ shared, left, right, items }) =>
    fc.record({
      old: fc.constant({ ...shared, changing: left, items } as Json),
      now: fc
        .record({ at: fc.nat(items.length), gone: fc.nat(2), come: fc.array(json, { maxLength: 3 }) })
        .map(
          ({ at, gone, come }) =>
            ({ ...shared, changing: right, items: items.toSpliced(at, gone, ...come) }) as Json,
        ),
    }),
  );

function resolve(state: Json, pointer: string): Json | undefined {
  const names = pointer.split("/").slice(1);
  return names.reduce<Json>((value, name) => {
    return (value as JsonObject)[name.replaceAll("~1", "/").replaceAll("~0", "~")] as Json;
  }, state);
}

describe("diff", () => {
  it("is what apply needs to turn a state into another", () => {
    fc.assert(
      fc.property(fc.oneof(related, fc.record({ old: json, now: json })), ({ old, now }) => {
        expect(apply(old, diff(old, now))).toStrictEqual(now);
      }),
    );
  });

  it("is empty for equal states, and never longer than setting the whole", () => {
    fc.assert(
      fc.property(related, ({ old, now }) => {
        expect(diff(now, structuredClone(now))).toStrictEqual([]);
        expect(JSON.stringify(diff(old, now)).length).toBeLessThanOrEqual(
          JSON.stringify([["set", [], now]]).length,
        );
      }),
    );
  });
});

describe("operations", () => {
  const long = "a".repeat(70);
  const words = (text: string) => text.split(" ").map((word) => (word.length > 1 ? word : word.repeat(9)));
  it.each([
    ["a member that changed", { a: 1, b: 2 }, { a: 1, b: 3 }, [["set", ["b"], 3]]],
    ["a member that is gone", { a: 1, b: [1, 2, 3, 4] }, { b: [1, 2, 3, 4] }, [["remove", ["a"]]]],
    [
      "an element that came",
      { a: words("one two three") },
      { a: words("one two new three") },
      [["splice", ["a"], 2, 0, ["new"]]],
    ],
    [
      "a list that moved on",
      words("a b c d e f g h i j k"),
      words("c d e f g h i j k l"),
      [
        ["splice", [], 0, 2, []],
        ["splice", [], 9, 0, ["lllllllll"]],
      ],
    ],
    ["text, by code points", { a: `🌱${long}` }, { a: `🌱${long}🌳` }, [["splice", ["a"], 71, 0, "🌳"]]],
    ["half of a pair", { a: `${long}🌱` }, { a: `${long}🌳` }, [["splice", ["a"], 70, 1, "🌳"]]],
    ["a zero with a sign", { a: 0 }, { a: -0 }, [["set", ["a"], -0]]],
    [
      "names that objects have by nature",
      {},
      JSON.parse('{"__proto__":1,"toString":2}'),
      [["set", [], JSON.parse('{"__proto__":1,"toString":2}')]],
    ],
  ] as [string, Json, Json, Operation[]][])("tell of %s", (_, old, now, operations) => {
    expect(diff(old, now)).toStrictEqual(operations);
    expect(apply(old, operations)).toStrictEqual(now);
  });

  it.each([
    [["set", ["x", "y"], 1], "there is no member x"],
    [["set", ["list", 3], 1], "there is no element 3 in a list of 3"],
    [["set", ["text", "y"], 1], "there is nothing below a string"],
    [["remove", []], "the root cannot be removed"],
    [["remove", ["list", 0]], "only the members of an object are removed; a list is spliced"],
    [["remove", ["toString"]], "there is no member toString"],
    [["splice", ["list"], 2, 2, []], "2 to 4 is not within the 3 that are there"],
    [["splice", ["list"], 0, 0, "text"], "text cannot be spliced into a list"],
    [["splice", ["text"], 0, 0, []], "there is nothing below a string"],
  ] as [Operation, string][])("%j are refused where they do not fit", (operation, problem) => {
    const state = { list: [1, 2, 3], text: "abc" };
    expect(() => apply(state, [operation])).toThrow(`operations[0] does not fit: ${problem}`);
    expect(state).toStrictEqual({ list: [1, 2, 3], text: "abc" });
  });

  it("leave the state as it is and share what did not change", () => {
    const state = { a: { deep: [1] }, b: { deep: [2] } };
    const next = apply(state, [["set", ["b", "deep", 0], 3]]) as typeof state;
    expect(state).toStrictEqual({ a: { deep: [1] }, b: { deep: [2] } });
    expect(next).toStrictEqual({ a: { deep: [1] }, b: { deep: [3] } });
    expect(next.a).toBe(state.a);
  });
});

describe("changes", () => {
  it("tell what came, went and changed, and where it was", () => {
    const old = {
      list: [
        { id: 1, a: 1 },
        { id: 2, a: 1 },
        { id: 3, a: 1 },
      ],
      gone: null,
      "a/b": 1,
    };
    const now = {
      list: [
        { id: 2, a: 1 },
        { id: 3, a: 2 },
      ],
      new: [],
      "a/b": 2,
    };
    expect(changes(old, now)).toStrictEqual({
      changes: [
        { kind: "CHANGED", path: "/a~1b", oldPath: "", oldValue: 1, newValue: 2 },
        { kind: "REMOVED", path: "/gone", oldPath: "", oldValue: null },
        { kind: "REMOVED", path: "/list/0", oldPath: "", oldValue: { id: 1, a: 1 } },
        { kind: "CHANGED", path: "/list/1/a", oldPath: "/list/2/a", oldValue: 1, newValue: 2 },
        { kind: "ADDED", path: "/new", oldPath: "", newValue: [] },
      ],
      truncated: false,
    });
    expect(changes(old, now, 2)).toMatchObject({
      changes: [{ path: "/a~1b" }, { path: "/gone" }],
      truncated: true,
    });
  });

  it("are where they say", () => {
    fc.assert(
      fc.property(related, ({ old, now }) => {
        for (const change of changes(old, now).changes) {
          if (change.kind !== "ADDED")
            expect(resolve(old, change.oldPath || change.path)).toStrictEqual(change.oldValue);
          if (change.kind !== "REMOVED") expect(resolve(now, change.path)).toStrictEqual(change.newValue);
        }
      }),
    );
  });
});

describe("a sketch", () => {
  it("is within 1 % of the exact percentiles, however it was put together", () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(values, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (all, cut, part) => {
        const left = new Sketch();
        const right = new Sketch();
        all.forEach((value, at) => {
          (at < cut % all.length ? left : right).add(value);
        });
        left.merge(Sketch.fromJSON(JSON.parse(JSON.stringify(right))));
        const [exact = 0] = percentilesOf(Float64Array.from(all), [part]);
        const found = left.percentile(part) ?? Number.NaN;
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0101 + 1e-9);
        expect(left.count).toBe(all.length);
      }),
    );
  });
});

describe("a sketch without values", () => {
  it("has no percentiles, and refuses what is no value", () => {
    const sketch = new Sketch();
    expect([sketch.count, sketch.percentile(0.5), sketch.min, sketch.max]).toStrictEqual([
      0,
      undefined,
      undefined,
      undefined,
    ]);
    expect(() => sketch.add(Number.NaN)).toThrow("value must be a finite number, not NaN");
    expect(() => sketch.percentile(95)).toThrow("part must be from 0 to 1, not 95");
    const broken = { ...sketch.toJSON(), zeros: Number.NaN };
    expect(() => Sketch.fromJSON(broken)).toThrow("json is none that a sketch was written as");
  });
});

describe("compute", () => {
  const compute = createCompute();
  const [count, dimensions, groups] = [240, 20, 4];
  const vectors = randomVectors(count, dimensions, { groups, seed: 5 });

  it("lays those alike near each other, the same for the same seed", async () => {
    const { points } = await compute.project(vectors, { dimensions, seed: 3 });
    expect(await compute.project(vectors, { dimensions, seed: 3 })).toStrictEqual({ points });
    expect(await compute.project(vectors, { dimensions, seed: 4 })).not.toStrictEqual({ points });
    expect(points.length).toBe(2 * count);
    expect(Math.max(...points.map(Math.abs))).toBeCloseTo(1, 5);
    const { labels, sizes, centers } = await compute.clusters(points, { dimensions: 2, count: groups });
    expect([...sizes]).toStrictEqual(Array(groups).fill(count / groups));
    expect(centers.length).toBe(2 * groups);
    labels.forEach((label, at) => {
      expect(label).toBe(labels[at % groups]);
    });
  });

  it.each([0, 1, 2, 3, 5])("lays out %i vectors", async (few) => {
    const { points } = await compute.project(vectors.slice(0, few * dimensions), { dimensions });
    expect(points.length).toBe(2 * few);
    expect(points.every(Number.isFinite)).toBe(true);
    const { labels } = await compute.clusters(vectors.slice(0, few * dimensions), { dimensions, count: 3 });
    expect(labels.length).toBe(few);
  });

  it("lays out vectors that are all the same, or zero", async () => {
    for (const same of [new Float32Array(50 * dimensions), new Float32Array(50 * dimensions).fill(2)]) {
      const { points } = await compute.project(same, { dimensions });
      expect(points.every(Number.isFinite)).toBe(true);
      const { sizes } = await compute.clusters(same, { dimensions, count: 3 });
      expect([...sizes]).toStrictEqual([50]);
    }
  });

  it("tells how far it got, and ends when it is aborted", async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const onProgress = (part: number) => {
      told.push(part);
      if (part > 0.5) controller.abort();
    };
    const projection = compute.project(vectors, { dimensions, onProgress, signal: controller.signal });
    await expect(projection).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toStrictEqual(told.toSorted());
    expect(told.at(-1)).toBeLessThan(0.6);
  });

  it("reads states as values, texts and bytes", async () => {
    const bytes = new TextEncoder().encode('{"a":2}');
    expect(await compute.diff({ value: { a: 1 } }, { json: bytes })).toStrictEqual([["set", ["a"], 2]]);
    const { changes: found } = await compute.changes({ json: '{"a":1}' }, { json: bytes });
    expect(found.map(({ path }) => path)).toStrictEqual(["/a"]);
    await expect(compute.diff({ json: "{" }, { value: 1 })).rejects.toMatchObject({ field: "from" });
  });

  it("tells percentiles", async () => {
    const values = Float64Array.from([5, 1, 4, 2, 3]);
    expect(await compute.percentiles(values, [0, 0.5, 0.95, 1])).toStrictEqual([1, 3, 5, 5]);
    expect(await compute.percentiles(new Float64Array(0), [0.5])).toStrictEqual([undefined]);
  });

  it("refuses what it cannot count", async () => {
    const refused = (call: Promise<unknown>, field: string) => expect(call).rejects.toMatchObject({ field });
    await refused(compute.project(vectors, { dimensions: 7 }), "vectors");
    await refused(compute.project(vectors, { dimensions, neighbors: 1 }), "neighbors");
    await refused(compute.project(new Float32Array([1, Number.NaN]), { dimensions: 2 }), "vectors[0]");
    await refused(compute.project(new Float32Array(20_001), { dimensions: 1 }), "vectors");
    await refused(compute.clusters(vectors, { dimensions, count: 0 }), "count");
    await refused(compute.percentiles(new Float64Array([Number.NaN]), [0.5]), "values");
  });
});

it("neighbours are the nearest rows, in order", async () => {
  const [rows, columns, count] = [70, 19, 6];
  const values = randomVectors(rows, columns);
  const distance = (left: number, right: number) =>
    Math.hypot(
      ...values
        .subarray(left * columns, (left + 1) * columns)
        .map((each, j) => each - (values[right * columns + j] ?? 0)),
    );
  const found = await nearestRows({ rows, columns, values }, count, createPace());
  for (let row = 0; row < rows; row++) {
    const others = Array.from({ length: rows }, (_, other) => other).filter((other) => other !== row);
    const nearest = others.sort((left, right) => distance(row, left) - distance(row, right)).slice(0, count);
    expect([...found.indexes.subarray(row * count, (row + 1) * count)]).toStrictEqual(nearest);
  }
});
