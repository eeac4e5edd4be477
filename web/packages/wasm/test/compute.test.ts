import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply, changes, diff, type Json, type JsonObject, percentilesOf, Sketch } from "../src/index.js";

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

describe("changes", () => {
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
