import type { Timeloom } from "./client.js";
import { errorOf, TimeloomError } from "./problem.js";

/** Whether Timeloom can work. */
export interface Health {
  /** `degraded` if some services do not answer, `unavailable` if nothing works without what is missing. */
  readonly status: "ready" | "degraded" | "unavailable" | "stopping";
  /** What does not answer, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

const UNAVAILABLE = 503;

/** Asks whether Timeloom can work; throws only if nothing of it answers. */
export async function readHealth(timeloom: Timeloom, signal?: AbortSignal): Promise<Health> {
  const response = await timeloom.fetch("/readyz", signal ? { signal } : {});
  if (!response.ok && response.status !== UNAVAILABLE) throw await errorOf(response);
  const found: unknown = await response.json().catch(() => undefined);
  if (typeof found !== "object" || found === null || !("status" in found)) {
    throw new TimeloomError({
      message: "Something else than Timeloom answers.",
      status: response.status,
      code: "UNREACHABLE",
    });
  }
  return { missing: {}, ...found } as Health;
}
