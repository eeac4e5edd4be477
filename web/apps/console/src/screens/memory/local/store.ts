import type { Memory } from "@timeloom/client";
import { blobOf, type LocalStore, openLocalStore, vectorOf } from "@timeloom/wasm";
import { isWithin } from "../lib/tree";

/** So many memories are kept for a project, and searched, at most. */
export const KEPT_MAX = 5_000;
const PAGE = 1_000;

const COLLECTION = "memories";

let opened: { readonly projectId: string; readonly store: Promise<LocalStore> } | undefined;

/** The store of a project; it is wiped when somebody signs out, with all else that is kept. */
function storeOf(projectId: string): Promise<LocalStore> {
  if (opened?.projectId !== projectId) {
    const store = openLocalStore({ name: `memories-${projectId}`, documentsMax: KEPT_MAX });
    opened = { projectId, store };
    store.catch(() => {
      opened = undefined;
    });
  }
  return opened.store;
}

/** A memory as this browser keeps it. */
export interface KeptMemory {
  readonly memory: Memory;
  readonly vector: Float32Array | undefined;
}

/** Keeps memories, with those of their vectors that are known. */
export async function keep(
  projectId: string,
  memories: readonly Memory[],
  vectors: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const kept = await storeOf(projectId);
  await kept.putMany(
    COLLECTION,
    memories.map((memory) => {
      const vector = vectors.get(memory.id);
      return {
        key: memory.id,
        value: memory,
        time: Date.parse(memory.createTime ?? "") || 0,
        ...(vector && { blob: blobOf(vector) }),
      };
    }),
  );
}

/** Keeps no longer what a namespace does not have any more: these are all that it has. */
export async function forgetOthers(
  projectId: string,
  namespace: string,
  memories: readonly Memory[],
): Promise<void> {
  const there = new Set(memories.map(({ id }) => id));
  const gone = (await readKept(projectId))
    .map(({ memory }) => memory)
    .filter((each) => isWithin(each.namespace, namespace) && !there.has(each.id));
  await (await storeOf(projectId)).delete(
    COLLECTION,
    gone.map(({ id }) => id),
  );
}

/** What is kept of a project, newest first. */
export async function readKept(projectId: string): Promise<KeptMemory[]> {
  const kept = await storeOf(projectId);
  const found: KeptMemory[] = [];
  let cursor: string | undefined;
  do {
    const page = await kept.list<Memory>(COLLECTION, { limit: PAGE, cursor });
    for (const { value, blob } of page.documents) {
      found.push({ memory: value, vector: blob && vectorOf(blob) });
    }
    cursor = page.next;
  } while (cursor !== undefined && found.length < KEPT_MAX);
  return found;
}
