import { describe, expect, it } from "vitest";
import type { Feature, Metric } from "../src/index.js";
import { useTabs } from "./chromium.js";

const PLACES: Feature[][] = [[], ["simd"], ["workers"], ["simd", "workers"]];
const METRICS: Metric[] = ["cosine", "dot", "l2"];

const tabs = useTabs();

describe("search", () => {
  it("finds the same with and without vectors and workers", async () => {
    const page = await tabs.open();
    const found = await page.evaluate(
      async ({ places, metrics }) => {
        const { createVectorIndex, randomVectors } = window.timeloom;
        const [count, dimensions] = [3000, 100];
        const vectors = randomVectors(count, dimensions);
        const ids = Array.from({ length: count }, (_, at) => `id ${at}`);
        const query = randomVectors(1, dimensions, { seed: 2 });
        const answers = [];
        for (const without of places) {
          for (const metric of metrics) {
            const index = await createVectorIndex({ dimensions, metric, without });
            await index.add(ids, vectors);
            await index.remove(ids.slice(10, 40));
            const hits = await index.search(query, { k: 20 });
            const filtered = await index.search(query, { k: 20, filter: (id) => id.endsWith("7") });
            const { engine, thread } = index.stats();
            answers.push({ ran: `${engine} in ${thread}`, metric, hits: JSON.stringify([hits, filtered]) });
            index.dispose();
          }
        }
        return answers;
      },
      { places: PLACES, metrics: METRICS },
    );
    expect([...new Set(found.map(({ ran }) => ran))]).toStrictEqual([
      "simd in worker",
      "js in worker",
      "simd in page",
      "js in page",
    ]);
    for (const metric of METRICS) {
      const answers = new Set(found.filter((each) => each.metric === metric).map(({ hits }) => hits));
      expect(answers.size).toBe(1);
    }
  });

  it("goes on in the page where no worker starts", async () => {
    await tabs.context.route("**/*worker*", (route) => route.abort());
    const page = await tabs.open();
    const [thread, hits] = await page.evaluate(async () => {
      const index = await window.timeloom.createVectorIndex({ dimensions: 2 });
      await index.add(["a", "b"], new Float32Array([1, 0, 0, 1]));
      return [index.stats().thread, await index.search(new Float32Array([0, 2]), { k: 1 })] as const;
    });
    expect(thread).toBe("page");
    expect(hits).toStrictEqual([{ id: "b", score: 1 }]);
  });

  it.each([[["simd"]], [["simd", "workers"]]] as Feature[][][])("ends early without %j", async (without) => {
    const page = await tabs.open();
    const told = await page.evaluate(async (names) => {
      const { createVectorIndex, randomVectors } = window.timeloom;
      const index = await createVectorIndex({ dimensions: 384, without: names });
      const vectors = randomVectors(12_000, 384);
      await index.add(
        Array.from({ length: 12_000 }, (_, at) => String(at)),
        vectors,
      );
      const controller = new AbortController();
      const search = index.search(vectors.subarray(0, 384), { k: 1, signal: controller.signal });
      controller.abort();
      const ended = await search.then(
        () => "found",
        (error) => error.name,
      );
      const [first] = await index.search(vectors.subarray(384, 768), { k: 1 });
      return [ended, first?.id, index.stats().queries];
    }, without);
    expect(told).toStrictEqual(["AbortError", "1", 1]);
  });
});

describe("health", () => {
  it("is good where a policy forbids WebAssembly", async () => {
    await tabs.context.route("**", async (route) => {
      const response = await route.fetch();
      const policy = "default-src 'self'; script-src 'self'; worker-src 'self'";
      await route.fulfill({
        response,
        headers: { ...response.headers(), "content-security-policy": policy },
      });
    });
    const page = await tabs.open();
    const report = await page.evaluate(() => window.timeloom.healthCheck());
    const engines = ["js in a worker", "indexeddb", "a worker"];
    expect(report.parts.map(({ engine }) => engine)).toStrictEqual(engines);
    expect(report.isHealthy).toBe(true);
  });

  it.each([
    [[], ["simd in a worker", "sqlite", "a worker"]],
    [
      ["simd", "opfs"],
      ["js in a worker", "indexeddb", "a worker"],
    ],
    [
      ["workers", "indexeddb"],
      ["simd in the page", "memory", "the page"],
    ],
  ] as [Feature[], string[]][])("is good without %j", async (without, engines) => {
    const page = await tabs.open();
    const report = await page.evaluate((names) => window.timeloom.healthCheck({ without: names }), without);
    expect(report.parts.map(({ engine }) => engine)).toStrictEqual(engines);
    expect(report.parts.map(({ problem }) => problem)).toStrictEqual(["", "", ""]);
    expect(report.isHealthy).toBe(true);
  });
});
