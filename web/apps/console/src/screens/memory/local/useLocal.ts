import { useNetwork } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type Memory, TimeloomError } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { useMemo } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { unpackVectors } from "../lib/packed";
import { isWithin } from "../lib/tree";
import { forgetOthers, type KeptMemory, keep, readKept } from "./store";

/** How many memories of a namespace that is looked at are kept for later. */
const KEPT_OF_VIEW = 200;
const KEEP_AGAIN_MS = 5 * 60_000;
const NOTHING: readonly KeptMemory[] = [];

/** Whether the server cannot be reached: there is no network, or a question about memories found nobody. */
export function useIsOffline(error: unknown): boolean {
  const { online } = useNetwork();
  return !online || (error instanceof TimeloomError && error.code === "UNREACHABLE");
}

/** What this browser keeps of the project; read once the network is gone. */
export function useKept(enabled: boolean) {
  const { projectId } = useSignedIn();
  return useQuery({
    queryKey: ["kept memories", projectId],
    queryFn: () => readKept(projectId),
    enabled,
    networkMode: "always",
    staleTime: 0,
    retry: false,
  });
}

/** The kept memories of a namespace, as a list that a screen shows. */
export function useKeptIn(namespace: string, enabled: boolean) {
  const kept = useKept(enabled);
  const all = kept.data ?? NOTHING;
  const here = useMemo(
    () => all.filter(({ memory }) => isWithin(memory.namespace, namespace)).map(({ memory }) => memory),
    [all, namespace],
  );
  return { kept, all, here };
}

/** The namespaces that kept memories are in, with how many of them. */
export function namespacesOf(kept: readonly KeptMemory[]): { name: string; memoryCount: number }[] {
  const counts = new Map<string, number>();
  for (const { memory } of kept) counts.set(memory.namespace, (counts.get(memory.namespace) ?? 0) + 1);
  return [...counts].map(([name, memoryCount]) => ({ name, memoryCount }));
}

/** Keeps the newest memories of the namespace that is looked at, with their vectors, for when the network is gone. */
export function useKeeping(namespace: string, enabled: boolean): number | undefined {
  const { rest } = useTimeloom();
  const { projectId } = useSignedIn();
  const keeping = useQuery({
    queryKey: ["keeping memories", projectId, namespace],
    queryFn: async ({ signal }) => {
      const query = {
        pageSize: KEPT_OF_VIEW,
        includeVectors: true,
        ...(namespace !== "" && { namespaces: [namespace] }),
      };
      const { data } = await rest.GET("/api/agent-memory", { params: { query }, signal });
      if (data === undefined) return 0;
      await keep(projectId, data.memories, unpackVectors(data.memories, data.vectors));
      if (data.nextPageToken === "") await forgetOthers(projectId, namespace, data.memories);
      return data.memories.length;
    },
    enabled,
    staleTime: KEEP_AGAIN_MS,
    retry: false,
  });
  return enabled ? keeping.data : undefined;
}

/** Keeps one memory that was opened. */
export function useKeepOne(): (memory: Memory) => void {
  const { projectId } = useSignedIn();
  const queries = useQueryClient();
  return useMemo(
    () => (memory: Memory) => {
      const vectors = new Map(
        memory.vector.length > 0 ? [[memory.id, Float32Array.from(memory.vector)] as const] : [],
      );
      // What cannot be kept is only missing without a network; the screen goes on.
      void keep(projectId, [memory], vectors).then(
        () => queries.invalidateQueries({ queryKey: ["kept memories", projectId] }),
        () => undefined,
      );
    },
    [projectId, queries],
  );
}
