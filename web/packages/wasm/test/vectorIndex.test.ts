import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../src/compute/random.js";
import { createVectorIndex, type Feature, type Hit, type LocalError, type Metric } from "../src/index.js";
import { searchHandlers } from "../src/search/handlers.js";
import { randomVectors } from "./vectors.js";

const ENGINES: Feature[][] = [[], ["simd"]];
const METRICS: Metric[] = ["cosine", "dot", "l2"];

/** Numbers that often make equal sums, and sums that differ by a rounding, so that both are met. */
const vectors = (dimensions: number) =>
  fc.array(
    fc.array(
      fc.oneof(
        fc.constantFrom(-1, 1, 0.5, 1 + 2 ** -23, 1 - 2 ** -24),
        fc.float({ min: -100, max: 100, noNaN: true }),
      ),
      {
        minLength: dimensions,
        maxLength: dimensions,
      },
    ),
    { minLength: 1, maxLength: 60 },
  );

const cases = fc.integer({ min: 1, max: 21 }).chain((dimensions) =>
  fc.record({
    dimensions: fc.constant(dimensions),
    rows: vectors(dimensions).map((rows) => rows.map((row) => [...row.slice(0, -1), 3])),
    metric: fc.constantFrom(...METRICS),
    k: fc.integer({ min: 1, max: 70 }),
    removed: fc.array(fc.nat(59), { maxLength: 10 }),
    modulus: fc.integer({ min: 1, max: 4 }),
  }),
);

describe("engines", () => {
  it("find the same, bit by bit, whatever was added and removed", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ dimensions, rows, metric, k, removed, modulus }) => {
        const answers: Hit[][] = [];
        for (const without of ENGINES) {
          const index = await createVectorIndex({ dimensions, metric, without });
          const ids = rows.map((_, at) => `id-${(at * 7919) % 997}-${at}`);
          await index.add(ids, Float32Array.from(rows.flat()));
          await index.remove(removed.flatMap((at) => ids[at] ?? []));
          const filter = (id: string) => Number(id.at(-1)) % modulus === 0;
          const query = Float32Array.from(rows[0] ?? []);
          answers.push(await index.search(query, { k }), await index.search(query, { k, filter }));
          expect(index.stats().engine).toBe(without.includes("simd") ? "js" : "simd");
          index.dispose();
        }
        const [simd, simdFiltered, js, jsFiltered] = answers;
        expect(js).toStrictEqual(simd);
        expect(jsFiltered).toStrictEqual(simdFiltered);
      }),
      { numRuns: 300 },
    );
  });
});

describe("rows that differ by roundings alone", () => {
  it.each(METRICS)("come in the same order from both engines by %s", async (metric) => {
    const [count, dimensions] = [300, 96];
    const random = createRandom(1);
    const values = randomVectors(1, dimensions);
    // The same terms in another order: in exact arithmetic all would be as near to a query that is the same all over.
    const shuffled = () => {
      const keys = Float64Array.from(values, random);
      return values.map((_, at) => values[keys.filter((key) => key < (keys[at] ?? 0)).length] ?? 0);
    };
    const rows = Array.from({ length: count }, shuffled);
    const answers: Hit[][] = [];
    for (const without of ENGINES) {
      const index = await createVectorIndex({ dimensions, metric, without });
      await index.add(
        rows.map((_, at) => `id ${at}`),
        Float32Array.from(rows.flatMap((row) => [...row])),
      );
      answers.push(await index.search(new Float32Array(dimensions).fill(0.7), { k: 10 }));
    }
    expect(answers[1]).toStrictEqual(answers[0]);
  });
});

/** The nearest by the definition, in 64 bits. */
function nearest(rows: number[][], query: number[], metric: Metric, k: number): string[] {
  const dot = (left: number[], right: number[]) =>
    left.reduce((sum, each, at) => sum + each * (right[at] ?? 0), 0);
  const length = (row: number[]) => Math.sqrt(dot(row, row));
  const score = (row: number[]) => {
    if (metric === "l2") return -length(row.map((each, at) => each - (query[at] ?? 0)));
    return metric === "dot" ? dot(row, query) : dot(row, query) / length(row) / length(query);
  };
  return rows
    .map((row, at) => ({ id: `id ${at}`, score: score(row) }))
    .sort((left, right) => right.score - left.score)
    .slice(0, k)
    .map(({ id }) => id);
}

describe.each(ENGINES)("an index without %s", (...without) => {
  const some = (metric: Metric = "cosine") => createVectorIndex({ dimensions: 2, metric, without });

  it.each(METRICS)("finds by %s what is nearest by definition", async (metric) => {
    const [count, dimensions] = [500, 30];
    const vectors = randomVectors(count, dimensions);
    const rows = Array.from({ length: count }, (_, at) => [
      ...vectors.subarray(at * dimensions, (at + 1) * dimensions),
    ]);
    const index = await createVectorIndex({ dimensions, metric, without });
    await index.add(
      rows.map((_, at) => `id ${at}`),
      vectors,
    );
    const query = randomVectors(1, dimensions, { seed: 9 });
    const hits = await index.search(query, { k: 25 });
    expect(hits.map(({ id }) => id)).toStrictEqual(nearest(rows, [...query], metric, 25));
  });

  it("tells scores by the metric", async () => {
    const scores: Record<string, Hit[]> = {};
    for (const metric of METRICS) {
      const index = await some(metric);
      await index.add(["a", "b"], new Float32Array([3, 4, 0, -2]));
      scores[metric] = await index.search(new Float32Array([0, 2]), { k: 9 });
    }
    expect(scores).toStrictEqual({
      cosine: [
        { id: "a", score: Math.fround(0.8) },
        { id: "b", score: -1 },
      ],
      dot: [
        { id: "a", score: 8 },
        { id: "b", score: -4 },
      ],
      l2: [
        { id: "a", score: -Math.sqrt(13) },
        { id: "b", score: -4 },
      ],
    });
  });

  it("orders equals by id, also where not all have room", async () => {
    const index = await some();
    const ids = Array.from({ length: 40 }, (_, at) => `id ${String((at * 17) % 40).padStart(2, "0")}`);
    await index.add(ids, new Float32Array(80).fill(1));
    await index.add(["best"], new Float32Array([0, 1]));
    const hits = await index.search(new Float32Array([0, 1]), { k: 4 });
    expect(hits.map(({ id }) => id)).toStrictEqual(["best", "id 00", "id 01", "id 02"]);
  });

  it("filters by a function and by bits", async () => {
    const index = await some("dot");
    await index.add(["a", "b", "c"], new Float32Array([1, 0, 2, 0, 3, 0]));
    const query = new Float32Array([1, 0]);
    const found = async (filter: Uint8Array | ((id: string) => boolean)) =>
      (await index.search(query, { k: 3, filter })).map(({ id }) => id);
    expect(index.ids()).toStrictEqual(["a", "b", "c"]);
    expect(await found((id) => id !== "b")).toStrictEqual(["c", "a"]);
    expect(await found(new Uint8Array([0b011]))).toStrictEqual(["b", "a"]);
    expect(await found(() => false)).toStrictEqual([]);
    await expect(found(new Uint8Array(2))).rejects.toMatchObject({ field: "filter" });
  });

  it("replaces and removes", async () => {
    const index = await some("dot");
    await index.add(["a", "b", "c"], new Float32Array([1, 0, 2, 0, 3, 0]));
    await index.add(["b"], new Float32Array([9, 0]));
    expect(await index.remove(["a", "x", "a"])).toBe(1);
    expect([index.size, index.has("a"), index.has("c")]).toStrictEqual([2, false, true]);
    expect(await index.search(new Float32Array([1, 0]), { k: 5 })).toStrictEqual([
      { id: "b", score: 9 },
      { id: "c", score: 3 },
    ]);
    expect(await index.remove(["b", "c"])).toBe(2);
    expect(await index.search(new Float32Array([1, 0]), { k: 5 })).toStrictEqual([]);
  });

  it("refuses what cannot be compared, at its field, and keeps nothing of it", async () => {
    const index = await some();
    const field = (call: Promise<unknown>) =>
      call.then(
        () => "nothing",
        (error: LocalError) => error.field,
      );
    const two = (...components: number[]) => new Float32Array(components);
    expect(await field(index.add(["a", "b"], two(1, 1, 1)))).toBe("vectors");
    expect(await field(index.add(["a", "b"], two(1, 1, 1, Number.NaN)))).toBe("vectors[1]");
    expect(await field(index.add(["a", "b"], two(Number.POSITIVE_INFINITY, 1, 1, 1)))).toBe("vectors[0]");
    expect(await field(index.add(["a"], two(0, 0)))).toBe("vectors[0]");
    expect(await field(index.add(["a", "a"], two(1, 1, 1, 1)))).toBe("ids[1]");
    expect(await field(index.add([""], two(1, 1)))).toBe("ids[0].length");
    expect(index.size).toBe(0);
    await index.add(["a"], two(1, 1));
    expect(await field(index.search(two(1), { k: 1 }))).toBe("query");
    expect(await field(index.search(two(0, 0), { k: 1 }))).toBe("query");
    expect(await field(index.search(two(1, 1), { k: 0 }))).toBe("k");
    expect(await field(index.search(two(1, 1), { k: 1001 }))).toBe("k");
    index.dispose();
    await expect(index.search(two(1, 1), { k: 1 })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("copies what it is given, unless it is handed over", async () => {
    const index = await some("dot");
    const vectors = new Float32Array([1, 0]);
    const added = index.add(["a"], vectors);
    vectors.fill(5);
    await added;
    expect(await index.search(new Float32Array([1, 0]), { k: 1 })).toStrictEqual([{ id: "a", score: 1 }]);
  });
});

describe("options", () => {
  it.each([
    [{ dimensions: 0 }, "dimensions"],
    [{ dimensions: 1.5 }, "dimensions"],
    [{ dimensions: 2, metric: "manhattan" as Metric }, "metric"],
    [{ dimensions: 2, without: ["wasm" as Feature] }, "without"],
  ])("%j are refused", async (options, field) => {
    await expect(createVectorIndex(options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field });
  });
});

it("no more calls wait than the limit says", async () => {
  const index = await createVectorIndex({ dimensions: 1, metric: "dot" });
  const calls = Array.from({ length: 1001 }, () => index.search(new Float32Array([1]), { k: 1 }));
  const settled = await Promise.allSettled(calls);
  const refused = settled.flatMap((each, at) => (each.status === "rejected" ? [[at, each.reason.code]] : []));
  expect(refused).toStrictEqual([[1000, "LIMIT_EXCEEDED"]]);
  expect(await index.search(new Float32Array([1]), { k: 1 })).toStrictEqual([]);
});

it("a search ends between two slices when it is aborted", async () => {
  const handlers = searchHandlers();
  const context = { progress: () => undefined };
  const controller = new AbortController();
  await handlers.open(
    { dimensions: 384, metric: "dot", simd: false },
    { ...context, signal: controller.signal },
  );
  const places = Uint32Array.from({ length: 12_000 }, (_, at) => at);
  const vectors = randomVectors(places.length, 384);
  await handlers.write({ places, vectors }, { ...context, signal: controller.signal });
  let looks = 0;
  const signal = Object.assign(Object.create(controller.signal), {
    throwIfAborted() {
      if (++looks === 2) throw new DOMException("no longer wanted", "AbortError");
    },
  });
  const search = handlers.search(
    { query: vectors.slice(0, 384), count: 1, mask: undefined },
    { ...context, signal },
  );
  await expect(search).rejects.toThrow("no longer wanted");
});
