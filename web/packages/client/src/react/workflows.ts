import type { Answer, Fields, Filter, Query } from "../rest.js";
import type {
  DeadLetter,
  HistoryEvent,
  Step,
  Workflow,
  WorkflowExecution,
  WorkflowTemplate,
} from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  usePages,
  useRead,
} from "./queries.js";

const WORKFLOWS = "/api/workflows";
const WORKFLOW = "/api/workflows/{workflowId}";
const EXECUTIONS = "/api/workflows/executions";
const EXECUTION = "/api/workflows/executions/{executionId}";
const EFFECTS = { stale: [WORKFLOWS] };

/** Which workflow executions a list has, and in what order. */
export type WorkflowExecutionFilter = Filter<typeof EXECUTIONS>;

/** Lists workflows. Read anew when one is created, changed or deleted. */
export function useWorkflows(query: Filter<typeof WORKFLOWS> = {}, options?: ReadOptions): Listing<Workflow> {
  return usePages(WORKFLOWS, "workflows", { query }, options);
}

/** One workflow, in its newest version unless another one is asked for. Read anew when it changes. */
export function useWorkflow(
  workflowId: string,
  { version = 0, ...options }: ReadOptions & { readonly version?: number } = {},
): Reading<Workflow> {
  const query = version === 0 ? {} : { query: { version } };
  return useRead(WORKFLOW, { path: { workflowId }, ...query }, { enabled: workflowId !== "", ...options });
}

/** The versions of a workflow, newest first. */
export function useWorkflowVersions(workflowId: string, options?: ReadOptions): Listing<Workflow> {
  const path = "/api/workflows/{workflowId}/versions";
  return usePages(path, "versions", { path: { workflowId } }, { enabled: workflowId !== "", ...options });
}

/** The templates that a workflow may begin with. */
export function useWorkflowTemplates(options?: ReadOptions): Reading<WorkflowTemplate[]> {
  return useRead(
    "/api/workflows/templates",
    {},
    { staleTime: Number.POSITIVE_INFINITY, select: ({ templates }) => templates, ...options },
  );
}

/** The JSON Schema of definitions. */
export function useWorkflowSchema(options?: ReadOptions): Reading<unknown> {
  return useRead("/api/workflows/schema", {}, { staleTime: Number.POSITIVE_INFINITY, ...options });
}

/** How often workflows ran, how that went, and how long it took. Read anew when one gets on. */
export function useWorkflowStats(
  query: Query<"/api/workflows/stats"> = {},
  options?: ReadOptions,
): Reading<Answer<"/api/workflows/stats">> {
  return useRead("/api/workflows/stats", { query }, options);
}

/** Lists workflow executions, newest first unless the filter says otherwise. Read anew when one gets on. */
export function useWorkflowExecutions(
  query: WorkflowExecutionFilter = {},
  options?: ReadOptions,
): Listing<WorkflowExecution> {
  return usePages(EXECUTIONS, "executions", { query }, options);
}

/** One workflow execution with its first thousand steps. Read anew whenever it gets on. */
export function useWorkflowExecution(
  executionId: string,
  options?: ReadOptions,
): Reading<Answer<typeof EXECUTION>> {
  const params = { path: { executionId }, query: { includeSteps: true } };
  return useRead(EXECUTION, params, { enabled: executionId !== "", ...options });
}

/** The steps of a workflow execution, in the order in which they began. Read anew whenever it gets on. */
export function useWorkflowSteps(
  executionId: string,
  query: Filter<"/api/workflows/executions/{executionId}/steps"> = {},
  options?: ReadOptions,
): Listing<Step> {
  const place = { path: { executionId }, query };
  return usePages("/api/workflows/executions/{executionId}/steps", "steps", place, {
    enabled: executionId !== "",
    ...options,
  });
}

/** A step with its input and output. Read anew whenever its execution gets on. */
export function useWorkflowStep(executionId: string, stepId: string, options?: ReadOptions): Reading<Step> {
  return useRead(
    "/api/workflows/executions/{executionId}/steps/{stepId}",
    { path: { executionId, stepId } },
    { enabled: executionId !== "" && stepId !== "", ...options },
  );
}

/** What happened to a workflow execution, in order. Read anew whenever it gets on. */
export function useWorkflowHistory(executionId: string, options?: ReadOptions): Listing<HistoryEvent> {
  const path = "/api/workflows/executions/{executionId}/history";
  return usePages(path, "events", { path: { executionId } }, { enabled: executionId !== "", ...options });
}

/** Work that was given up, newest first. */
export function useDeadLetters(
  query: Filter<"/api/workflows/dead-letters"> = {},
  options?: ReadOptions,
): Listing<DeadLetter> {
  return usePages("/api/workflows/dead-letters", "deadLetters", { query }, options);
}

interface OfExecution {
  readonly executionId: string;
}
type Run = { readonly workflowId: string } & Fields<"/api/workflows/{workflowId}/execute">;
type Pause = OfExecution & Fields<"/api/workflows/executions/{executionId}/pause">;
type Resume = OfExecution & Fields<"/api/workflows/executions/{executionId}/resume">;
type Cancel = OfExecution & Fields<"/api/workflows/executions/{executionId}/cancel">;
type Retry = OfExecution & Fields<"/api/workflows/executions/{executionId}/retry">;
type Fork = OfExecution & Fields<"/api/workflows/executions/{executionId}/fork">;
type Approve = OfExecution & Fields<"/api/workflows/executions/{executionId}/approve">;
type SignalExecution = OfExecution & Fields<"/api/workflows/executions/{executionId}/signal">;

/** The hand on workflow executions; each names the one that it is about. */
export interface WorkflowControls {
  /** Begins an execution of a workflow. */
  readonly run: Action<Run, WorkflowExecution>;
  /** Lets steps that run end, and begins no other. */
  readonly pause: Action<Pause, WorkflowExecution>;
  readonly resume: Action<Resume, WorkflowExecution>;
  readonly cancel: Action<Cancel, WorkflowExecution>;
  /** Runs what failed again, or everything from a step on. */
  readonly retry: Action<Retry, WorkflowExecution>;
  /** Begins an execution that has had the same steps up to one of them. */
  readonly fork: Action<Fork, WorkflowExecution>;
  /** Decides what a step asks people for. */
  readonly approve: Action<Approve, Step>;
  readonly signal: Action<SignalExecution, WorkflowExecution>;
  /** Deletes an execution that has ended. */
  readonly remove: Action<OfExecution, unknown>;
}

/** What can be done to workflow executions. Whatever was done, everything of workflows on screen is read anew. */
export function useWorkflowControls(): WorkflowControls {
  return {
    run: useAction(
      "post",
      "/api/workflows/{workflowId}/execute",
      ({ workflowId, ...body }: Run) => ({ params: { path: { workflowId } }, body }),
      EFFECTS,
    ),
    pause: useAction("post", "/api/workflows/executions/{executionId}/pause", ofExecution<Pause>, EFFECTS),
    resume: useAction("post", "/api/workflows/executions/{executionId}/resume", ofExecution<Resume>, EFFECTS),
    cancel: useAction("post", "/api/workflows/executions/{executionId}/cancel", ofExecution<Cancel>, EFFECTS),
    retry: useAction("post", "/api/workflows/executions/{executionId}/retry", ofExecution<Retry>, EFFECTS),
    fork: useAction("post", "/api/workflows/executions/{executionId}/fork", ofExecution<Fork>, EFFECTS),
    approve: useAction(
      "post",
      "/api/workflows/executions/{executionId}/approve",
      ofExecution<Approve>,
      EFFECTS,
    ),
    signal: useAction(
      "post",
      "/api/workflows/executions/{executionId}/signal",
      ofExecution<SignalExecution>,
      EFFECTS,
    ),
    remove: useAction(
      "delete",
      EXECUTION,
      ({ executionId }: OfExecution) => ({ params: { path: { executionId } } }),
      EFFECTS,
    ),
  };
}

function ofExecution<Variables extends OfExecution>({ executionId, ...body }: Variables) {
  return { params: { path: { executionId } }, body };
}

type WorkflowEdit = { readonly workflowId: string } & Fields<typeof WORKFLOW, "put">;
interface OfWorkflow {
  readonly workflowId: string;
}

/** What can be done to workflows themselves. */
export function useWorkflowEditing() {
  return {
    create: useAction("post", WORKFLOWS, (body: Fields<typeof WORKFLOWS>) => ({ body }), EFFECTS),
    /** Makes a new version. */
    update: useAction(
      "put",
      WORKFLOW,
      ({ workflowId, ...body }: WorkflowEdit) => ({ params: { path: { workflowId } }, body }),
      EFFECTS,
    ),
    /** Tells what is wrong with a definition, without keeping it. */
    validate: useAction(
      "post",
      "/api/workflows:validate",
      (body: Fields<"/api/workflows:validate">) => ({ body }),
      { stale: [] },
    ),
    enable: useAction(
      "post",
      "/api/workflows/{workflowId}:enable",
      ({ workflowId }: OfWorkflow) => ({ params: { path: { workflowId } }, body: {} }),
      EFFECTS,
    ),
    disable: useAction(
      "post",
      "/api/workflows/{workflowId}:disable",
      ({ workflowId }: OfWorkflow) => ({ params: { path: { workflowId } }, body: {} }),
      EFFECTS,
    ),
    remove: useAction(
      "delete",
      WORKFLOW,
      ({ workflowId }: OfWorkflow) => ({ params: { path: { workflowId } } }),
      EFFECTS,
    ),
  };
}
