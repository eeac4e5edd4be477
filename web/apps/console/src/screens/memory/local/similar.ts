import { createVectorIndex } from "@timeloom/wasm";
import type { KeptMemory } from "./store";

/** A memory that is like another one, with the cosine of their vectors. */
export interface SimilarMemory extends KeptMemory {
  readonly similarity: number;
}

/** The kept memories whose vectors are nearest to a memory's, itself left out. Compared in this browser. */
export async function similarKept(
  kept: readonly KeptMemory[],
  memoryId: string,
  limit: number,
): Promise<SimilarMemory[]> {
  const own = kept.find((each) => each.memory.id === memoryId);
  if (own?.vector === undefined) return [];
  const comparable = kept.filter(
    ({ memory, vector }) =>
      vector?.length === own.vector?.length && memory.embeddingModel === own.memory.embeddingModel,
  );
  const dimensions = own.vector.length;
  const packed = new Float32Array(comparable.length * dimensions);
  comparable.forEach(({ vector }, place) => {
    if (vector) packed.set(vector, place * dimensions);
  });
  const index = await createVectorIndex({ dimensions });
  try {
    const ids = comparable.map(({ memory }) => memory.id);
    await index.add(ids, packed, { transfer: true });
    const hits = await index.search(own.vector, { k: limit, filter: (id) => id !== memoryId });
    const byId = new Map(comparable.map((each) => [each.memory.id, each]));
    return hits.flatMap(({ id, score }) => {
      const found = byId.get(id);
      return found ? [{ ...found, similarity: score }] : [];
    });
  } finally {
    index.dispose();
  }
}
