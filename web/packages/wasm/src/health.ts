import { createCompute } from "./compute/compute.js";
import { checkedWithout, type Features, features, type WithoutOptions } from "./features.js";
import { createVectorIndex, type VectorIndex } from "./search/vectorIndex.js";
import { openLocalStore } from "./store/localStore.js";

/** The store that is opened to see whether one opens; nothing stays in it. */
const STORE = "health-check";

/** One part of the package, tried for real. */
export interface PartHealth {
  readonly part: "search" | "store" | "compute";
  readonly isHealthy: boolean;
  /** What does the work: `simd in a worker`, `sqlite`. */
  readonly engine: string;
  /** What is wrong; empty if all is well. */
  readonly problem: string;
  /** How long it took to start, and to do what was tried. */
  readonly startMs: number;
  readonly workMs: number;
}

export interface HealthReport {
  readonly isHealthy: boolean;
  readonly features: Features;
  readonly parts: readonly PartHealth[];
}

/** Tries each part: a small search whose answer is known, a document written and read, a difference found. */
export async function healthCheck(options: WithoutOptions = {}): Promise<HealthReport> {
  checkedWithout(options.without);
  const parts = [
    await tried("search", () => trySearch(options)),
    await tried("store", () => tryStore(options)),
    await tried("compute", () => tryCompute(options)),
  ];
  return { isHealthy: parts.every(({ isHealthy }) => isHealthy), features: features(options), parts };
}

interface Tried {
  readonly engine: string;
  readonly problem: string;
  readonly startedAt: number;
}

async function tried(part: PartHealth["part"], work: () => Promise<Tried>): Promise<PartHealth> {
  const start = performance.now();
  try {
    const { engine, problem, startedAt } = await work();
    const workMs = performance.now() - startedAt;
    return { part, isHealthy: problem === "", engine, problem, startMs: startedAt - start, workMs };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { part, isHealthy: false, engine: "", problem, startMs: performance.now() - start, workMs: 0 };
  }
}

async function trySearch(options: WithoutOptions): Promise<Tried> {
  const index = await createVectorIndex({ ...options, dimensions: 3, metric: "dot" });
  const startedAt = performance.now();
  try {
    const { engine, thread } = index.stats();
    return {
      engine: `${engine} in ${placeOf(thread)}`,
      problem: await searched(index),
      startedAt,
    };
  } finally {
    index.dispose();
  }
}

async function searched(index: VectorIndex): Promise<string> {
  await index.add(["a", "b", "c", "d"], new Float32Array([1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1]));
  await index.remove(["b"]);
  const hits = await index.search(new Float32Array([1, 1, 1]), { k: 2 });
  const found = hits.map(({ id, score }) => `${id} ${score}`).join(", ");
  return found === "c 3, d 3" ? "" : `A search found ${found || "nothing"} instead of c 3, d 3.`;
}

function placeOf(thread: "worker" | "page"): string {
  return thread === "worker" ? "a worker" : "the page";
}

async function tryStore(options: WithoutOptions): Promise<Tried> {
  const store = await openLocalStore({ ...options, name: STORE });
  const startedAt = performance.now();
  try {
    const { engine, problems } = await store.health();
    return { engine, problem: problems.join(" "), startedAt };
  } finally {
    await store.close();
  }
}

async function tryCompute(options: WithoutOptions): Promise<Tried> {
  const compute = createCompute(options);
  try {
    const thread = await compute.thread();
    const startedAt = performance.now();
    const operations = await compute.diff({ json: '{"a":1,"b":2}' }, { json: '{"a":1,"b":3}' });
    const found = JSON.stringify(operations);
    const problem = found === '[["set",["b"],3]]' ? "" : `A difference came out as ${found}.`;
    return { engine: placeOf(thread), problem, startedAt };
  } finally {
    compute.dispose();
  }
}
