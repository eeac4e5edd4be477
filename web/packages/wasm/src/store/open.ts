import type { Features } from "../features.js";
import type { Backend, EngineName, Limits } from "./backend.js";
import { IndexedDbBackend } from "./indexedDb.js";
import { MemoryBackend } from "./memory.js";
import { openSqlite } from "./sqliteCaller.js";

/** An engine that is not used, and why. */
export interface Fallback {
  readonly engine: EngineName;
  readonly reason: string;
}

export interface Opened {
  readonly backend: Backend;
  readonly engine: EngineName;
  readonly fallbacks: readonly Fallback[];
}

/** Opens the best engine that opens. */
export async function openBackend(name: string, limits: Limits, has: Features): Promise<Opened> {
  const fallbacks: Fallback[] = [];
  const tries: [EngineName, boolean, () => Promise<Backend>][] = [
    ["sqlite", has.opfs, () => openSqlite(name, limits)],
    ["indexeddb", has.indexeddb, () => IndexedDbBackend.open(name, limits)],
  ];
  for (const [engine, isThere, open] of tries) {
    try {
      if (isThere) return { backend: await open(), engine, fallbacks };
      fallbacks.push({ engine, reason: "The browser does not have what it needs, or it is switched off." });
    } catch (error) {
      fallbacks.push({ engine, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { backend: new MemoryBackend(limits), engine: "memory", fallbacks };
}
