/** Executions to look at, recorded through REST. */
import type { Execution, Snapshot, Timeloom } from "../../src/index.js";

export async function begin(timeloom: Timeloom, agentId: string, name = "run"): Promise<Execution> {
  const { data } = await timeloom.rest.POST("/api/agent-executions", { body: { agentId, name } });
  if (data === undefined) throw new Error("no execution");
  return data;
}

export interface Recorded {
  readonly stepName: string;
  readonly state: unknown;
  readonly kind?: Snapshot["kind"];
}

/** Records snapshots, a second apart. */
export async function record(
  timeloom: Timeloom,
  executionId: string,
  steps: readonly Recorded[],
  startTime = "2026-01-01T00:00:00Z",
): Promise<Snapshot[]> {
  const snapshots = steps.map((step, place) => ({
    kind: "STEP_END" as const,
    ...step,
    createTime: new Date(Date.parse(startTime) + place * 1_000).toISOString(),
  }));
  const { data } = await timeloom.rest.POST("/api/agent-executions/{executionId}/snapshots:batch", {
    params: { path: { executionId } },
    body: { snapshots },
  });
  return data?.snapshots ?? [];
}

/** An execution that counts: the state of snapshot n is `{n}`. */
export async function counted(timeloom: Timeloom, agentId: string, count: number): Promise<string> {
  const { id } = await begin(timeloom, agentId);
  const steps = Array.from({ length: count }, (_, place) => ({
    stepName: `step ${place + 1}`,
    state: { n: place + 1 },
  }));
  await record(timeloom, id, steps);
  return id;
}
