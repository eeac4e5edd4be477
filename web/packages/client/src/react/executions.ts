import type { Answer, Fields, Filter, Query } from "../rest.js";
import type { Execution, Snapshot, TimelineEntry } from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  usePages,
  useRead,
} from "./queries.js";

const EXECUTIONS = "/api/agent-executions";
const EXECUTION = "/api/agent-executions/{executionId}";
const SNAPSHOTS = "/api/agent-executions/{executionId}/snapshots";

/** Which executions a list has, and in what order. */
export type ExecutionFilter = Filter<typeof EXECUTIONS>;
/** Which snapshots a list has. */
export type SnapshotFilter = Filter<typeof SNAPSHOTS>;

/** Lists executions, newest first unless the filter says otherwise. Read anew when one begins, gets on or ends. */
export function useExecutions(query: ExecutionFilter = {}, options?: ReadOptions): Listing<Execution> {
  return usePages(EXECUTIONS, "executions", { query }, options);
}

/** How many executions of a filter there are, by status, agent and tag, and how long they took. Read anew as the list is. */
export function useExecutionCounts(
  query: Query<"/api/agent-executions:count"> = {},
  options?: ReadOptions,
): Reading<Answer<"/api/agent-executions:count">> {
  return useRead("/api/agent-executions:count", { query }, options);
}

/** One execution. Read anew whenever it gets on. */
export function useExecution(executionId: string, options?: ReadOptions): Reading<Execution> {
  return useRead(EXECUTION, { path: { executionId } }, { enabled: executionId !== "", ...options });
}

/** The snapshots of an execution without their states, oldest first. Read anew when some are recorded or deleted. */
export function useExecutionSnapshots(
  executionId: string,
  query: SnapshotFilter = {},
  options?: ReadOptions,
): Listing<Snapshot> {
  return usePages(
    SNAPSHOTS,
    "snapshots",
    { path: { executionId }, query },
    { enabled: executionId !== "", ...options },
  );
}

/** Everything that happened in an execution, by time: snapshots, effects, moves of the head, forks. */
export function useExecutionTimeline(
  executionId: string,
  query: Filter<"/api/agent-executions/{executionId}/timeline"> = {},
  options?: ReadOptions,
): Listing<TimelineEntry> {
  const path = "/api/agent-executions/{executionId}/timeline";
  return usePages(
    path,
    "entries",
    { path: { executionId }, query },
    { enabled: executionId !== "", ...options },
  );
}

/** Checks that everything that is stored of an execution is as it was recorded: `refetch` checks again. */
export function useExecutionVerification(
  executionId: string,
  options?: ReadOptions,
): Reading<Answer<"/api/agent-executions/{executionId}/verify">> {
  return useRead("/api/agent-executions/{executionId}/verify", { path: { executionId } }, options);
}

/** What can be done to an execution. */
export interface ExecutionControls {
  /** Begins another execution that shares the snapshots up to one of this one. */
  readonly fork: Action<Fields<"/api/agent-executions/{executionId}/fork">, Execution>;
  /** Moves the head to an earlier snapshot, or to any other; nothing is deleted. */
  readonly rollback: Action<
    Fields<"/api/agent-executions/{executionId}/rollback">,
    Answer<"/api/agent-executions/{executionId}/rollback", "post">
  >;
  /** Ends it. */
  readonly complete: Action<Fields<"/api/agent-executions/{executionId}:complete">, Execution>;
  /** Adds tags and takes tags away. */
  readonly modifyTags: Action<Fields<"/api/agent-executions/{executionId}/tags">, Execution>;
  /** Changes its name, session, tags or metadata. */
  readonly update: Action<Fields<"/api/agent-executions/{executionId}", "patch">, Execution>;
  /** Changes the label and tags of one of its snapshots. */
  readonly updateSnapshot: Action<SnapshotEdit, Snapshot>;
  /** Finds the first bad snapshot. */
  readonly bisect: Action<
    Fields<"/api/agent-executions/{executionId}/bisect">,
    Answer<"/api/agent-executions/{executionId}/bisect", "post">
  >;
  /** Deletes it with all its snapshots. */
  readonly remove: Action<void, unknown>;
}

export type SnapshotEdit = { readonly sequence: number } & Fields<
  "/api/agent-executions/{executionId}/snapshots/{sequence}",
  "patch"
>;

/** What can be done to an execution. Whatever was done, its lists and the execution are read anew. */
export function useExecutionControls(executionId: string): ExecutionControls {
  const params = { path: { executionId } };
  const effects = { stale: [EXECUTIONS] };
  return {
    fork: useAction(
      "post",
      "/api/agent-executions/{executionId}/fork",
      (body) => ({ params, body }),
      effects,
    ),
    rollback: useAction(
      "post",
      "/api/agent-executions/{executionId}/rollback",
      (body) => ({ params, body }),
      effects,
    ),
    complete: useAction(
      "post",
      "/api/agent-executions/{executionId}:complete",
      (body) => ({ params, body }),
      effects,
    ),
    modifyTags: useAction(
      "post",
      "/api/agent-executions/{executionId}/tags",
      (body) => ({ params, body }),
      effects,
    ),
    update: useAction("patch", EXECUTION, (body) => ({ params, body }), effects),
    updateSnapshot: useAction(
      "patch",
      "/api/agent-executions/{executionId}/snapshots/{sequence}",
      ({ sequence, ...body }: SnapshotEdit) => ({ params: { path: { executionId, sequence } }, body }),
      effects,
    ),
    bisect: useAction("post", "/api/agent-executions/{executionId}/bisect", (body) => ({ params, body }), {
      stale: [],
    }),
    remove: useAction("delete", EXECUTION, () => ({ params }), effects),
  };
}
