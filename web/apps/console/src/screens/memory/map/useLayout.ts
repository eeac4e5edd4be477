import { useQuery } from "@tanstack/react-query";
import { createCompute } from "@timeloom/wasm";
import { useState } from "react";
import type { Point } from "../lib/geometry";
import { termsOf } from "../lib/terms";
import type { MapMemories } from "./useMapMemories";

/** Where memories are on the map, and which belong together there. */
export interface Layout {
  readonly points: readonly Point[];
  /** The cluster of each, as this browser found it. */
  readonly labels: ArrayLike<number>;
  /** What the clusters are about, in words. */
  readonly names: readonly string[];
}

const NAME_WORDS = 3;

/** Lays memories out in the plane, in a worker, and tells how far it is. */
export function useLayout(of: MapMemories | undefined, key: unknown) {
  const [progress, setProgress] = useState(0);
  const query = useQuery({
    queryKey: ["memory map layout", key],
    queryFn: ({ signal }) => layOut(of as MapMemories, signal, setProgress),
    enabled: of !== undefined && of.memories.length > 0,
    networkMode: "always",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return { ...query, progress };
}

async function layOut(
  { memories, vectors, dimensions }: MapMemories,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<Layout> {
  const compute = createCompute();
  try {
    const { points: flat } = await compute.project(vectors, { dimensions, signal, onProgress });
    const { labels } = await compute.clusters(vectors, { dimensions, signal });
    const terms = termsOf(
      memories.map((each) => each.content),
      labels,
      NAME_WORDS,
    );
    const points = memories.map((_, place) => ({ x: flat[2 * place] ?? 0, y: flat[2 * place + 1] ?? 0 }));
    const names = terms.map((words, place) => (words.length > 0 ? words.join(", ") : `Cluster ${place + 1}`));
    return { points, labels, names };
  } finally {
    compute.dispose();
  }
}
