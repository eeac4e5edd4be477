import { useQuery } from "@tanstack/react-query";
import type { Memory } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { unpackVectors } from "../lib/packed";
import { isWithin } from "../lib/tree";
import { keep, readKept } from "../local/store";

/** The points that a map has at most: the newest memories. */
export const POINTS_MAX = 5_000;
const PAGE_SIZE = 500;

/** Memories whose vectors can be compared, with those, one after the other. */
export interface MapMemories {
  readonly memories: readonly Memory[];
  readonly vectors: Float32Array;
  readonly dimensions: number;
  readonly model: string;
  /** How many have no vector, or one of another model. */
  readonly leftOut: number;
  /** There are more than a map has. */
  readonly isCut: boolean;
}

/** Reads the memories of a namespace with their vectors; without a network, those that this browser keeps. */
export function useMapMemories(namespace: string, isOffline: boolean) {
  const { rest } = useTimeloom();
  const { projectId } = useSignedIn();
  const [loaded, setLoaded] = useState(0);
  const query = useQuery({
    queryKey: ["memory map", projectId, namespace, isOffline],
    queryFn: async ({ signal }): Promise<MapMemories> => {
      const memories: Memory[] = [];
      const vectors = new Map<string, Float32Array>();
      setLoaded(0);
      if (isOffline) {
        for (const { memory, vector } of await readKept(projectId)) {
          if (!isWithin(memory.namespace, namespace)) continue;
          memories.push(memory);
          if (vector) vectors.set(memory.id, vector);
        }
        return comparable(memories, vectors, false);
      }
      let pageToken = "";
      do {
        const place = namespace === "" ? {} : { namespaces: [namespace] };
        const page = { pageSize: PAGE_SIZE, includeVectors: true, ...(pageToken && { pageToken }), ...place };
        const { data } = await rest.GET("/api/agent-memory", { params: { query: page }, signal });
        if (data === undefined) break;
        const found = unpackVectors(data.memories, data.vectors);
        for (const [id, vector] of found) vectors.set(id, vector);
        memories.push(...data.memories);
        setLoaded(memories.length);
        // What cannot be kept is only missing without a network.
        void keep(projectId, data.memories, found).catch(() => undefined);
        pageToken = data.nextPageToken;
      } while (pageToken !== "" && memories.length < POINTS_MAX);
      return comparable(memories.slice(0, POINTS_MAX), vectors, pageToken !== "");
    },
    networkMode: "always",
    staleTime: 60_000,
    retry: false,
  });
  return { ...query, loaded };
}

/** Those of the model that most have: vectors of others cannot be compared with them. */
export function comparable(
  memories: readonly Memory[],
  vectors: ReadonlyMap<string, Float32Array>,
  isCut: boolean,
): MapMemories {
  const counts = new Map<string, number>();
  for (const memory of memories) {
    if (!vectors.has(memory.id)) continue;
    counts.set(spaceOf(memory), (counts.get(spaceOf(memory)) ?? 0) + 1);
  }
  const [most] = [...counts].sort((left, right) => right[1] - left[1]);
  const shown = memories.filter((each) => vectors.has(each.id) && spaceOf(each) === most?.[0]);
  const dimensions = shown[0]?.dimension ?? 0;
  const packed = new Float32Array(shown.length * dimensions);
  shown.forEach((memory, place) => {
    packed.set(vectors.get(memory.id) ?? [], place * dimensions);
  });
  return {
    memories: shown,
    vectors: packed,
    dimensions,
    model: shown[0]?.embeddingModel ?? "",
    leftOut: memories.length - shown.length,
    isCut,
  };
}

function spaceOf(memory: Memory): string {
  return `${memory.embeddingModel} ${memory.dimension}`;
}
