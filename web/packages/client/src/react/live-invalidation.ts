/** What the live stream's events make stale: one table, and nothing of React. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { LiveKind } from "../live/protocol.js";
import type { LiveEvent } from "../types.js";
import { applyToLists, readAnew } from "./anew.js";
import { isBelow } from "./paths.js";

/** Everything below a path; with variables, only where the path's own have these values. */
export interface Stale {
  readonly path: string;
  readonly variables?: Readonly<Record<string, string>>;
}

const EXECUTIONS = "/api/agent-executions";
const EXECUTION = "/api/agent-executions/{executionId}";
const WORKFLOWS = "/api/workflows";
const WORKFLOW_EXECUTIONS = "/api/workflows/executions";
const WORKFLOW_EXECUTION = "/api/workflows/executions/{executionId}";
const MEMORIES = "/api/agent-memory";
const TELEMETRY = "/api/observability";
/** Where tables of the workspace are, by their names in events. */
const TABLES: Readonly<Record<string, string>> = {
  tasks: "/api/tasks",
  environments: "/api/environments",
  preferences: "/api/preferences",
  agent_sessions: "/api/agent-sessions",
};

/** A list itself, without what is below it. */
function list(path: string): Stale {
  return { path, variables: {} };
}

function execution(executionId: string | undefined): readonly Stale[] {
  return executionId
    ? [list(EXECUTIONS), { path: EXECUTION, variables: { executionId } }]
    : [{ path: EXECUTIONS }];
}

function workflowExecution(executionId: string | undefined): readonly Stale[] {
  if (!executionId) return [{ path: WORKFLOWS }];
  return [
    list(WORKFLOW_EXECUTIONS),
    { path: "/api/workflows/stats" },
    { path: "/api/workflows/dead-letters" },
    { path: WORKFLOW_EXECUTION, variables: { executionId } },
  ];
}

/** What lists, counts and reckons events; of the traces, which may be long, only those that these belong to. */
function telemetry(events: readonly { readonly traceId: string }[]): readonly Stale[] {
  const traces = new Set(events.map((each) => each.traceId));
  return [
    list(`${TELEMETRY}/events`),
    ...["events/facets", "events/metrics", "instruments", "sessions", "stats"].map((path) => ({
      path: `${TELEMETRY}/${path}`,
    })),
    list(`${TELEMETRY}/traces`),
    ...[...traces].map((traceId) => ({ path: `${TELEMETRY}/traces/{traceId}`, variables: { traceId } })),
  ];
}

/** Which queries each kind of event makes stale. */
const TABLE: Readonly<Record<LiveKind, (event: LiveEvent) => readonly Stale[]>> = {
  executionCreated: () => [list(EXECUTIONS)],
  executionUpdated: (event) => execution(event.executionUpdated?.execution?.id),
  executionDeleted: (event) => execution(event.executionDeleted?.executionId),
  snapshotsRecorded: (event) => execution(event.snapshotsRecorded?.executionId),
  snapshotsDeleted: (event) => execution(event.snapshotsDeleted?.executionId),
  snapshotUpdated: (event) => execution(event.snapshotUpdated?.executionId),
  memoriesChanged: () => [{ path: MEMORIES }],
  memoryAnnounced: () => [{ path: "/api/agent-memory/subscriptions" }],
  memoryJobUpdated: () => [{ path: "/api/agent-memory/jobs" }],
  workflowExecutionChanged: (event) => workflowExecution(event.workflowExecutionChanged?.executionId),
  workflowExecutionDeleted: (event) => workflowExecution(event.workflowExecutionDeleted?.executionId),
  workflowChanged: () => [{ path: WORKFLOWS }],
  workflowEventPublished: () => [{ path: "/api/workflows/events" }],
  workspaceRecordsChanged: ({ workspaceRecordsChanged: changed }) => {
    const path = TABLES[changed?.table ?? ""];
    return path === undefined ? [] : [{ path }];
  },
  syncConflictOpened: () => [{ path: "/api/sync" }],
  migrationUpdated: () => [{ path: "/api/migration" }],
  eventsRecorded: (event) => telemetry(event.eventsRecorded?.events ?? []),
  alertChanged: () => [{ path: "/api/observability/alerts" }, { path: "/api/observability/alert-rules" }],
  scoreCreated: () => [{ path: "/api/observability/scores" }, { path: "/api/observability/traces" }],
};

/** The topics of the whole project, and what is stale when something of them may have been missed. */
const TOPICS: Readonly<Record<string, readonly Stale[]>> = {
  executions: [{ path: EXECUTIONS }],
  memory: [{ path: MEMORIES }],
  workflows: [{ path: WORKFLOWS }],
  workspace: [...Object.values(TABLES), "/api/sync"].map((path) => ({ path })),
  migration: [{ path: "/api/migration" }],
  alerts: [{ path: "/api/observability/alerts" }],
  scores: [{ path: "/api/observability/scores" }],
  events: [{ path: TELEMETRY }],
};

/** Whether a topic is one of telemetry. */
export function isTelemetry(topic: string): boolean {
  return /^events(?:$|[?])/.test(topic);
}

/** What a page follows unless it says otherwise: everything. */
export const LIVE_TOPICS: readonly string[] = Object.keys(TOPICS);

/** What an event makes stale. */
export function staleBy(kind: LiveKind, event: LiveEvent): readonly Stale[] {
  return TABLE[kind]?.(event) ?? [];
}

/** What is stale when events of a topic may have been missed; everything if it is a topic of the caller's own. */
export function staleAfterGap(topic: string): readonly Stale[] {
  return TOPICS[topic.split(/[/?]/, 1)[0] ?? ""] ?? [{ path: "" }];
}

/** Whether a query is stale by one of these. What somebody searched for stays as it was found. */
export function isStale(key: QueryKey, stale: Iterable<Stale>): boolean {
  const [method, path, init] = key;
  if (method !== "get" || typeof path !== "string") return false;
  for (const each of stale) if (matches(path, variablesOf(init), each)) return true;
  return false;
}

function matches(path: string, variables: Readonly<Record<string, unknown>>, stale: Stale): boolean {
  if (stale.path === "") return true;
  if (!isBelow(path, stale.path)) return false;
  if (stale.variables === undefined) return true;
  const wanted = Object.entries(stale.variables);
  if (wanted.length === 0) return path === stale.path || path.charAt(stale.path.length) === ":";
  return wanted.every(([name, value]) => variables[name] === value);
}

function variablesOf(init: unknown): Readonly<Record<string, unknown>> {
  return (init as { params?: { path?: Record<string, unknown> } } | undefined)?.params?.path ?? {};
}

/** How often telemetry that is on screen is read anew at most: it comes all the time, and to reckon it is dear. */
export const TELEMETRY_INTERVAL_MS = 2_000;

/** Gathers what is stale, and has it read anew at most every so often, so that a busy agent costs no more than that. */
export class Staleness {
  readonly #queries: QueryClient;
  readonly #intervalMs: number;
  #found = new Map<string, Stale>();
  /** The last event of each kind on each topic. */
  #events = new Map<string, readonly [LiveKind, LiveEvent]>();
  /** Those that were being read when something made them stale: what comes may be older than that. */
  #unsure = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(queries: QueryClient, intervalMs: number) {
    this.#queries = queries;
    this.#intervalMs = intervalMs;
  }

  addEvent(kind: LiveKind, event: LiveEvent): void {
    this.#events.set(`${kind} ${event.topic}`, [kind, event]);
    this.add(staleBy(kind, event));
  }

  add(stale: readonly Stale[]): void {
    for (const each of stale) this.#found.set(JSON.stringify(each), each);
    this.#plan();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#found.clear();
    this.#events.clear();
    this.#unsure.clear();
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#found.size + this.#unsure.size === 0) return;
    const rest = this.#readAt + this.#intervalMs - performance.now();
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, rest));
  }

  #flush(): void {
    const [found, events, unsure] = [[...this.#found.values()], this.#events, this.#unsure];
    this.#timer = undefined;
    this.#found = new Map();
    this.#events = new Map();
    this.#unsure = new Set();
    this.#readAt = performance.now();
    for (const event of events.values()) applyToLists(this.#queries, ...event);
    void readAnew(this.#queries, ({ queryHash, queryKey, state }) => {
      if (!unsure.has(queryHash) && !isStale(queryKey, found)) return false;
      if (state.fetchStatus === "fetching") this.#unsure.add(queryHash);
      return state.fetchStatus !== "fetching";
    });
    this.#plan();
  }
}
