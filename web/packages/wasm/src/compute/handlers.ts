import { type Handlers, handOver } from "../calls/calls.js";
import { createPace } from "../calls/pace.js";
import { invalid } from "../errors.js";
import { type Changes, changes } from "./changes.js";
import { type ClusterOptions, type Clusters, clustered } from "./clusters.js";
import { diff, type Operation } from "./delta.js";
import type { Json } from "./json.js";
import { type Projection, type ProjectOptions, projected } from "./project.js";
import { percentilesOf } from "./sketch.js";

/** A state: as a value, or as the JSON it was sent as, which another thread then reads. */
export type State = { readonly value: unknown } | { readonly json: string | Uint8Array };

/** What is counted. */
export type ComputeCalls = {
  percentiles(argument: { values: Float64Array; parts: readonly number[] }): (number | undefined)[];
  project(argument: { vectors: Float32Array; options: ProjectOptions }): Projection;
  clusters(argument: { vectors: Float32Array; options: ClusterOptions }): Clusters;
  diff(argument: { from: State; to: State }): Operation[];
  changes(argument: { from: State; to: State; limit: number | undefined }): Changes;
};

/** Answers what is to be counted; it keeps nothing between calls. */
export function computeHandlers(): Handlers<ComputeCalls> {
  return {
    percentiles: ({ values, parts }) => percentilesOf(values, parts),
    async project({ vectors, options }, { signal, progress }) {
      const projection = await projected(vectors, options, { pace: createPace(signal), progress });
      return handOver(projection, [projection.points.buffer as ArrayBuffer]);
    },
    async clusters({ vectors, options }, { signal }) {
      const found = await clustered(vectors, options, createPace(signal));
      const { labels, centers, sizes } = found;
      return handOver(found, [labels.buffer, centers.buffer, sizes.buffer] as ArrayBuffer[]);
    },
    diff: ({ from, to }) => diff(jsonOf("from", from), jsonOf("to", to)),
    changes: ({ from, to, limit }) => changes(jsonOf("from", from), jsonOf("to", to), limit),
  };
}

function jsonOf(field: string, state: State): Json {
  if ("value" in state) return state.value as Json;
  const text = typeof state.json === "string" ? state.json : new TextDecoder().decode(state.json);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw invalid(field, `is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}
