import type { Step as RunStep } from "@timeloom/client";
import type { JsonObject } from "../../../ui/schema/schema";
import { lanesOf, type Placed, placedOf } from "./definition";

/** How a step of the definition gets on: all that the execution has had of it. */
export interface NodeProgress {
  readonly status: RunStep["status"];
  /** In the order in which they began; of a step that is not repeated one. */
  readonly runs: readonly RunStep[];
  readonly ended: number;
  /** Of the newest, which try it is. */
  readonly attempt: number;
  readonly waitingFor: RunStep["waitingFor"];
  readonly durationMs: number | undefined;
}

// What still moves is told before what is over; of what is over, the worst.
const ORDER: readonly RunStep["status"][] = [
  "RETRYING",
  "RUNNING",
  "WAITING",
  "PENDING",
  "FAILED",
  "CANCELLED",
  "SUCCEEDED",
  "SKIPPED",
];
const ENDED = new Set<RunStep["status"]>(["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"]);

/** How each step of a definition gets on, by its place. */
export function progressOf(
  document: JsonObject,
  runs: readonly RunStep[],
): ReadonlyMap<string, NodeProgress> {
  const placed = placedOf(document);
  const nameOf = namesFor(placed);
  const byPath = new Map<string, RunStep[]>();
  for (const run of runs) {
    const path = nameOf(run.id);
    byPath.set(path, [...(byPath.get(path) ?? []), run]);
  }
  const found = new Map<string, NodeProgress>();
  for (const { place, path } of placed) {
    const own = byPath.get(path);
    if (own !== undefined) found.set(place, summed(own));
  }
  return found;
}

/** Names steps of an execution as the definition does: `each[3].save` -> `each[].save`. */
export function namesFor(placed: readonly Placed[]): (id: string) => string {
  const repeated = new Set(
    placed.filter(({ step }) => lanesOf(step).some((lane) => lane.isRepeated)).map((each) => each.path),
  );
  return (id) => {
    let name = "";
    let from = 0;
    for (const found of id.matchAll(/\[\d+\]/g)) {
      name += id.slice(from, found.index);
      name += repeated.has(name) ? "[]" : found[0];
      from = found.index + found[0].length;
    }
    return name + id.slice(from);
  };
}

function summed(runs: readonly RunStep[]): NodeProgress {
  const status = ORDER.find((each) => runs.some((run) => run.status === each)) ?? "UNSPECIFIED";
  const shown = runs.findLast((each) => each.status === status);
  return {
    status,
    runs,
    ended: runs.filter((each) => ENDED.has(each.status)).length,
    attempt: shown?.attempt ?? 0,
    waitingFor: shown?.waitingFor ?? "UNSPECIFIED",
    durationMs: durationOf(runs),
  };
}

function durationOf(runs: readonly RunStep[]): number | undefined {
  const starts = runs.flatMap((each) => (each.startTime === undefined ? [] : [Date.parse(each.startTime)]));
  const ends = runs.flatMap((each) => (each.endTime === undefined ? [] : [Date.parse(each.endTime)]));
  if (starts.length === 0 || ends.length < runs.length) return undefined;
  return Math.max(0, Math.max(...ends) - Math.min(...starts));
}
