import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVectorIndex, type Feature, type Hit, type Metric } from "../src/index.js";

const ENGINES: Feature[][] = [[], ["simd"]];
const METRICS: Metric[] = ["cosine", "dot", "l2"];

/** Numbers that often make equal sums, so that ties are met. */
const vectors = (dimensions: number) =>
  fc.array(
    fc.array(fc.oneof(fc.constantFrom(-1, 1, 0.5), fc.float({ min: -100, max: 100, noNaN: true })), {
      minLength: dimensions,
      maxLength: dimensions,
    }),
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
