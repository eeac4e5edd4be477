import type { components } from "./generated/api.js";

/** Everything that the REST interface shows or takes, by its name in the OpenAPI document. */
export type Schemas = components["schemas"];

export type Execution = Schemas["Execution"];
export type ExecutionStatus = Execution["status"];
export type Snapshot = Schemas["Snapshot"];
export type SnapshotKind = Snapshot["kind"];
export type SnapshotRef = Schemas["SnapshotRef"];
export type Effect = Schemas["Effect"];
export type Change = Schemas["Change"];
export type ValueChange = Schemas["ValueChange"];
export type AlignedStep = Schemas["AlignedStep"];
export type TimelineEntry = Schemas["TimelineEntry"];
export type HeadMove = Schemas["HeadMove"];
/** Where a playback stops: at a snapshot, a step, a kind, a changed path, or where an expression is true. */
export type Breakpoint = Schemas["BreakpointInput"];

export type Memory = Schemas["Memory"];
export type MemoryKind = Memory["kind"];
export type MemoryVersion = Schemas["MemoryVersion"];
export type MemoryMatch = Schemas["SearchResult"];
export type Namespace = Schemas["Namespace"];
export type Grant = Schemas["Grant"];
export type Cluster = Schemas["Cluster"];
export type Job = Schemas["Job"];
export type Proposal = Schemas["Proposal"];

export type Workflow = Schemas["Workflow"];
export type WorkflowTemplate = Schemas["WorkflowTemplate"];
export type WorkflowExecution = Schemas["WorkflowExecution"];
export type WorkflowExecutionStatus = WorkflowExecution["status"];
export type Step = Schemas["Step"];
export type HistoryEvent = Schemas["HistoryEvent"];
export type DeadLetter = Schemas["DeadLetter"];

/** An event of telemetry: a span, a moment within one, or a log. */
export type TelemetryEvent = Schemas["Event"];
export type EventFilter = Schemas["EventFilterInput"];
export type EventMatch = Schemas["EventMatch"];
export type Trace = Schemas["Trace"];
export type TraceSpan = Schemas["TraceSpan"];
export type MetricSeries = Schemas["MetricSeries"];
export type Alert = Schemas["Alert"];
export type AlertRule = Schemas["AlertRule"];
export type Score = Schemas["Score"];
export type TelemetrySession = Schemas["Session"];
export type Price = Schemas["Price"];
export type Retention = Schemas["Retention"];
export type RetentionPolicy = Schemas["RetentionPolicy"];

export type Task = Schemas["Task"];
export type Environment = Schemas["Environment"];
export type Preference = Schemas["Preference"];
export type AgentSession = Schemas["AgentSession"];
export type SyncConflict = Schemas["SyncConflict"];
export type SyncPolicy = Schemas["SyncPolicy"];
export type MutationDeadLetter = Schemas["MutationDeadLetter"];

export type Migration = Schemas["Migration"];
export type MigrationConflict = Schemas["MigrationConflict"];
export type MigrationItem = Schemas["MigrationItem"];
export type ConflictResolution = Migration["conflictResolution"];

export type ApiKey = Schemas["ApiKey"];
export type Caller = Schemas["Caller"];
export type Scope = Caller["scope"];

/** What the live stream tells: a fact that has been committed. */
export type LiveEvent = Schemas["EventsEvent"];
