import { invalid } from "./errors.js";

/** What can be done without, so that what stands in its place can be tried. */
export const SWITCHES = ["simd", "workers", "opfs", "indexeddb"] as const;
export type Feature = (typeof SWITCHES)[number];

/** The parameter of a page's URL that switches features off: `?timeloom-without=simd,opfs`. */
export const WITHOUT_PARAMETER = "timeloom-without";

export interface WithoutOptions {
  /** What to do without although the browser has it; what the page's URL says if left out. */
  readonly without?: readonly Feature[] | undefined;
}

/** What this browser has and may use. */
export interface Features {
  /** WebAssembly with vectors of 128 bits. */
  readonly simd: boolean;
  /** Module workers. */
  readonly workers: boolean;
  /** A private file system; whether its files open synchronously shows when a store is opened. */
  readonly opfs: boolean;
  readonly indexeddb: boolean;
  /** Locks and channels between tabs; without them the private file system is left alone. */
  readonly tabs: boolean;
  /** Memory shared between threads, which needs an isolated page. Reported only: nothing here needs it. */
  readonly sharedMemory: boolean;
  /** What was switched off. */
  readonly without: readonly Feature[];
}

/** Tells what this browser has, less what is switched off. */
export function features(options: WithoutOptions = {}): Features {
  const without = options.without ?? withoutFromUrl();
  const has = (feature: Feature, found: () => boolean) => !without.includes(feature) && found();
  const workers = has("workers", () => typeof Worker === "function");
  const tabs = typeof BroadcastChannel === "function" && typeof globalThis.navigator?.locks === "object";
  return {
    simd: has("simd", hasSimd),
    workers,
    opfs: has("opfs", () => workers && tabs && typeof navigator.storage?.getDirectory === "function"),
    indexeddb: has("indexeddb", () => typeof indexedDB === "object" && indexedDB !== null),
    tabs,
    sharedMemory: typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated === true,
    without: [...without],
  };
}

/** Reads what a URL switches off; that of the page if left out. Words that are no feature are ignored. */
export function withoutFromUrl(url: string | undefined = globalThis.location?.href): Feature[] {
  if (!url || !URL.canParse(url)) return [];
  const words = (new URL(url).searchParams.get(WITHOUT_PARAMETER) ?? "").split(",");
  return SWITCHES.filter((feature) => words.includes(feature));
}

/** Refuses words that are no feature. */
export function checkedWithout(without: readonly string[] | undefined): void {
  const unknown = without?.find((word) => !(SWITCHES as readonly string[]).includes(word));
  if (unknown !== undefined) throw invalid("without", `knows ${SWITCHES.join(", ")}, not ${unknown}`);
}

// A module with one function that drops a vector of zeros: valid only where vectors are.
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11,
]);

function hasSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE);
}
