import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { choiceIn, numberIn, textIn, textsIn } from "./search";

/** How workflow executions stand, as lists are narrowed to it. */
export const EXECUTION_STATUSES = [
  "PENDING",
  "RUNNING",
  "PAUSED",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
] as const;
export const WAIT_REASONS = [
  "TIME",
  "EVENT",
  "SIGNAL",
  "APPROVAL",
  "EXECUTION",
  "WORKER",
  "SLOT",
  "WEBHOOK",
] as const;
export const TRIGGERS = ["MANUAL", "EVENT", "CRON", "WEBHOOK", "WORKFLOW", "FORK"] as const;
export const WORKFLOW_TABS = ["versions", "statistics", "triggers"] as const;
export const PERIODS = ["hour", "week", "month"] as const;

const library = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows",
  validateSearch: (search) => ({
    ...textIn(search, "q"),
    ...choiceIn(search, "kind", ["DAG", "CODE"] as const),
    ...textIn(search, "run"),
  }),
  component: lazyRouteComponent(() => import("./library/LibraryPage"), "LibraryPage"),
});

const templates = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/templates",
  component: lazyRouteComponent(() => import("./library/TemplatesPage"), "TemplatesPage"),
});

const executions = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/executions",
  validateSearch: (search) => ({
    ...textsIn(search, "statuses", EXECUTION_STATUSES),
    ...textIn(search, "workflow"),
    ...choiceIn(search, "waiting", WAIT_REASONS),
    ...choiceIn(search, "trigger", TRIGGERS),
    ...textIn(search, "tag"),
  }),
  component: lazyRouteComponent(() => import("./executions/ExecutionsPage"), "ExecutionsPage"),
});

const execution = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/executions/$executionId",
  validateSearch: (search) => ({
    ...choiceIn(search, "view", ["timeline", "history", "data"] as const),
    ...textIn(search, "step"),
  }),
  component: lazyRouteComponent(() => import("./monitor/ExecutionPage"), "ExecutionPage"),
});

const approvals = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/approvals",
  component: lazyRouteComponent(() => import("./approvals/ApprovalsPage"), "ApprovalsPage"),
});

const triggers = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/triggers",
  component: lazyRouteComponent(() => import("./triggers/TriggersPage"), "TriggersPage"),
});

const deadLetters = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/dead-letters",
  component: lazyRouteComponent(() => import("./triggers/DeadLettersPage"), "DeadLettersPage"),
});

const added = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/new",
  validateSearch: (search) => ({
    ...textIn(search, "template"),
    ...choiceIn(search, "view", ["json"] as const),
  }),
  component: lazyRouteComponent(() => import("./designer/NewWorkflowPage"), "NewWorkflowPage"),
});

const workflow = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/$workflowId",
  validateSearch: (search) => ({
    ...choiceIn(search, "tab", WORKFLOW_TABS),
    ...numberIn(search, "version"),
    ...numberIn(search, "with"),
    ...choiceIn(search, "period", PERIODS),
  }),
  component: lazyRouteComponent(() => import("./workflow/WorkflowPage"), "WorkflowPage"),
});

const design = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/$workflowId/design",
  validateSearch: (search) => choiceIn(search, "view", ["json"] as const),
  component: lazyRouteComponent(() => import("./designer/DesignPage"), "DesignPage"),
});

export const workflowsRoutes = [
  library,
  templates,
  executions,
  execution,
  approvals,
  triggers,
  deadLetters,
  added,
  workflow,
  design,
] as const;
