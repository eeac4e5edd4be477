"""One valid request for every method of the contracts, and what it does in the hands of another project.

A method that is not in the table fails the tests: whoever adds one says here how it is to be called and what
becomes of it when the caller's project is not the one that owns what the request names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from timeloom_gateway.contracts import is_json, message_class


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What the project under test owns; a request names some of it."""

    project_id: str
    api_key_id: str
    execution_id: str
    file: bytes
    """An exported execution that the project does not have."""
    made: Mapping[str, str]
    """By their names, the ids of what the method's probe needs besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How a method is called.

    Attributes:
        request: The request as REST has it: proto3 JSON names, documents inline.
        foreign: The reason with which another project's call fails; empty if it succeeds, but sees and
            changes only what is its own.
        needs: What else must be there, of what the worlds of the rooms make.
    """

    request: Callable[[Owned], dict[str, Any]]
    foreign: str = "NOT_FOUND"
    needs: str = ""


def _execution(**others: Any) -> Callable[[Owned], dict[str, Any]]:
    return lambda owned: {"executionId": owned.execution_id, **others}


def _api_key(**others: Any) -> Callable[[Owned], dict[str, Any]]:
    return lambda owned: {"apiKeyId": owned.api_key_id, **others}


def _file(owned: Owned) -> dict[str, Any]:
    return {"chunk": base64.b64encode(owned.file).decode()}


def _stream(owned: Owned) -> dict[str, Any]:
    return {"requestId": 1, "snapshots": [{"executionId": owned.execution_id, "state": {"n": 3}}]}


def _made(*, needs: str, field: str = "", foreign: str = "NOT_FOUND", **others: Any) -> Probe:
    """A probe whose request names what it needs, by the field that is named like it or by another one."""
    return Probe(
        request=lambda owned: {field or f"{needs}Id": owned.made[needs], **others},
        foreign=foreign,
        needs=needs,
    )


def _memory(**others: Any) -> Probe:
    return _made(needs="memory", **others)


def _namespace(*, foreign: str = "NOT_FOUND", **others: Any) -> Probe:
    return _made(needs="namespace", field="namespace", foreign=foreign, **others)


def _workflow(**others: Any) -> Probe:
    return _made(needs="workflow", **others)


def _run(*, needs: str = "run", foreign: str = "NOT_FOUND", **others: Any) -> Probe:
    """A probe that names an execution of a workflow: one that waits for a person, or has been cancelled."""
    return _made(needs=needs, field="executionId", foreign=foreign, **others)


def _own(**fields: Any) -> Probe:
    """A probe that names nothing of anybody's."""
    return Probe(request=lambda _: dict(fields), foreign="")


def _merging(owned: Owned) -> dict[str, Any]:
    return {"memoryIds": [owned.made["memory"], owned.made["twin"]]}


_EFFECT = {"kind": "EFFECT_KIND_LLM", "name": "model", "response": {"text": "hello"}}
_IDENTITY = "/timeloom.identity.v1.IdentityService/"
_SNAPSHOTS = "/timeloom.snapshots.v1.SnapshotsService/"
_MEMORY = "/timeloom.memory.v1.MemoryService/"
_SHARING = "/timeloom.memory.v1.MemorySharingService/"
_UPKEEP = "/timeloom.memory.v1.MemoryUpkeepService/"
_WORKFLOWS = "/timeloom.workflows.v1.WorkflowsService/"
_RUNS = "/timeloom.workflows.v1.WorkflowExecutionsService/"
_TRIGGERS = "/timeloom.workflows.v1.WorkflowTriggersService/"
_WORK = "/timeloom.workflows.v1.WorkflowWorkerService/"
_EVENT_METRICS = "/timeloom.observability.v1.EventMetricsService/"
_WORKSPACE = "/timeloom.workspace.v1.WorkspaceService/"
_SYNC = "/timeloom.workspace.v1.SyncService/"
_MIGRATION = "/timeloom.migration.v1.MigrationService/"
_SHAPES = "/timeloom.workspace.v1.ShapesService/"
_TRANSFER = "/timeloom.workspace.v1.TransferService/"
_SECRETS = "/timeloom.workspace.v1.SecretsService/"
_MEMORY_TRANSFER = "/timeloom.memory.v1.MemoryTransferService/"
_EMBEDDING = "/timeloom.memory.v1.EmbeddingService/"
_MEASUREMENTS = "/timeloom.observability.v1.MeasurementsService/"
_OBSERVABILITY = "/timeloom.observability.v1.ObservabilityService/"
_ALERTS = "/timeloom.observability.v1.AlertsService/"
_ALERT_RULE = {
    "name": "silence",
    "enabled": True,
    "metric": "METRIC_COUNT",
    "windowSeconds": 60,
    "comparison": "ALERT_COMPARISON_BELOW",
    "threshold": 1000,
}
_EVENT_STREAMS = "/timeloom.observability.v1.EventStreamsService/"
_EVENT_SEARCH = "/timeloom.observability.v1.EventSearchService/"
_SCORES = "/timeloom.observability.v1.ScoresService/"
_TELEMETRY_SETTINGS = "/timeloom.observability.v1.TelemetrySettingsService/"
_DEFINITION = {"id": "another", "steps": [{"id": "one", "type": "transform", "value": 1}]}
_TIME_TRAVEL = "/timeloom.snapshots.v1.TimeTravelService/"


def _migration(needs: str = "migration", **others: Any) -> Probe:
    return _made(needs=needs, field="migrationId", **others)


PROBES: dict[str, Probe] = {
    _IDENTITY + "GetCaller": Probe(request=lambda _: {}, foreign=""),
    _IDENTITY + "CreateApiKey": Probe(
        request=lambda _: {"name": "another", "scope": "SCOPE_READ"}, foreign=""
    ),
    _IDENTITY + "ListApiKeys": Probe(request=lambda _: {}, foreign=""),
    _IDENTITY + "RotateApiKey": Probe(request=_api_key()),
    _IDENTITY + "RevokeApiKey": Probe(request=_api_key()),
    # Only services call these; no project's key does.
    _IDENTITY + "CreateProject": Probe(request=lambda owned: {"name": f"of {owned.project_id}"}, foreign=""),
    _IDENTITY + "ListProjects": Probe(request=lambda _: {}, foreign=""),
    _IDENTITY + "AuthenticateApiKey": Probe(
        request=lambda _: {"secret": "tl_aaaaaaaaaaaaaaaa_" + "A" * 43}, foreign="INVALID_API_KEY"
    ),
    _SNAPSHOTS + "CreateExecution": Probe(request=lambda _: {"agentId": "agent"}, foreign=""),
    _SNAPSHOTS + "GetExecution": Probe(request=_execution()),
    _SNAPSHOTS + "ListExecutions": Probe(request=lambda _: {}, foreign=""),
    _SNAPSHOTS + "CountExecutions": Probe(request=lambda _: {}, foreign=""),
    _SNAPSHOTS + "UpdateExecution": Probe(request=_execution(name="renamed")),
    _SNAPSHOTS + "DeleteExecution": Probe(request=_execution()),
    _SNAPSHOTS + "CompleteExecution": Probe(request=_execution(status="EXECUTION_STATUS_SUCCEEDED")),
    _SNAPSHOTS + "RecordSnapshot": Probe(request=_execution(state={"n": 2})),
    _SNAPSHOTS + "BatchRecordSnapshots": Probe(request=_execution(snapshots=[{"state": {"n": 2}}])),
    _SNAPSHOTS + "StreamSnapshots": Probe(request=_stream),
    _SNAPSHOTS + "RecordEffects": Probe(request=_execution(sequence=1, effects=[_EFFECT])),
    _SNAPSHOTS + "ListSnapshots": Probe(request=_execution()),
    _SNAPSHOTS + "GetSnapshot": Probe(request=_execution(sequence=1)),
    _SNAPSHOTS + "DiffSnapshots": Probe(request=_execution(fromSequence=0, toSequence=1)),
    _SNAPSHOTS + "TailSnapshots": Probe(request=_execution()),
    _TIME_TRAVEL + "PlayExecution": Probe(request=_execution()),
    _TIME_TRAVEL + "ControlPlayback": Probe(request=_execution(requestId=1, open={})),
    _TIME_TRAVEL + "GetValueHistory": Probe(request=_execution(path="/n")),
    _TIME_TRAVEL + "BisectExecution": Probe(request=_execution(expression="state.n > 1")),
    _TIME_TRAVEL + "CompareExecutions": Probe(
        request=lambda owned: {"executionId": owned.execution_id, "otherExecutionId": owned.execution_id}
    ),
    _TIME_TRAVEL + "GetTimeline": Probe(request=_execution()),
    _TIME_TRAVEL + "ExportExecution": Probe(request=_execution()),
    # The id of an execution belongs to its project, so that anybody may have the same file.
    _TIME_TRAVEL + "ImportExecution": Probe(request=_file, foreign=""),
    _TIME_TRAVEL + "DeleteSnapshots": Probe(request=_execution(sequences=[2])),
    _TIME_TRAVEL + "PruneExecutions": Probe(
        request=lambda owned: {"policy": {"keepLast": 1}, "executionIds": [owned.execution_id]}, foreign=""
    ),
    _TIME_TRAVEL + "GetRetentionPolicy": Probe(request=lambda _: {}, foreign=""),
    _TIME_TRAVEL + "UpdateRetentionPolicy": Probe(request=lambda _: {"policy": {"keepLast": 1}}, foreign=""),
    _TIME_TRAVEL + "ForkExecution": Probe(request=_execution(sequence=1)),
    _TIME_TRAVEL + "RollbackExecution": Probe(request=_execution(sequence=1, expectedHeadSequence=1)),
    _TIME_TRAVEL + "VerifyExecution": Probe(request=_execution()),
    _TIME_TRAVEL + "UpdateSnapshot": Probe(request=_execution(sequence=1, label="marked")),
    _TIME_TRAVEL + "ModifyTags": Probe(request=_execution(add=["one"])),
    _MEMORY + "CreateMemory": _own(content="Ada likes tea."),
    _MEMORY + "BatchCreateMemories": _own(memories=[{"content": "Ada likes tea."}]),
    _MEMORY + "StreamMemories": _own(requestId=1, memories=[{"content": "Ada likes tea."}]),
    _MEMORY + "GetMemory": _memory(),
    _MEMORY + "ListMemories": _own(),
    _MEMORY + "UpdateMemory": _memory(content="Ada likes coffee."),
    _MEMORY + "SupersedeMemory": _memory(replacement={"content": "Ada likes coffee."}),
    _MEMORY + "DeleteMemory": _memory(),
    _MEMORY + "RestoreMemory": _memory(),
    _MEMORY + "ListMemoryVersions": _memory(),
    _MEMORY + "SearchMemories": _own(query="tea"),
    _MEMORY + "BatchSearchMemories": _own(searches=[{"query": "tea"}]),
    _MEMORY + "BuildContext": _own(search={"query": "tea"}),
    _SHARING + "CreateNamespace": _own(namespace="notes"),
    _SHARING + "GetNamespace": _namespace(),
    _SHARING + "ListNamespaces": _own(),
    _SHARING + "UpdateNamespace": _namespace(description="Notes."),
    _SHARING + "DeleteNamespace": _namespace(),
    _SHARING + "Share": _memory(principal="agent/ada"),
    _SHARING + "ListGrants": _own(),
    _SHARING + "RevokeGrant": _made(needs="grant"),
    _SHARING + "SetTeam": _own(teamId="kitchen", agentIds=["ada"]),
    _SHARING + "ListTeams": _own(),
    _SHARING + "DeleteTeam": _made(needs="team"),
    _SHARING + "CreateSubscription": _own(agentId="ada"),
    _SHARING + "ListSubscriptions": _own(),
    _SHARING + "ReadSubscription": _made(needs="subscription"),
    _SHARING + "AcknowledgeSubscription": _made(needs="subscription"),
    _SHARING + "DeleteSubscription": _made(needs="subscription"),
    # Who has no such namespace has nothing in it to bring over.
    _SHARING + "SyncMemories": Probe(
        request=lambda _: {"source": {"namespace": "notes"}, "target": {"namespace": "copies"}},
        foreign="",
        needs="namespace",
    ),
    _SHARING + "AddEvidence": _memory(agentId="ada", stance="STANCE_CONFIRMS"),
    _SHARING + "ListEvidence": _memory(),
    _UPKEEP + "ArchiveMemories": _own(namespaces=["notes"]),
    _UPKEEP + "UnarchiveMemories": _own(namespaces=["notes"]),
    # Likewise there is nothing to read in it.
    _UPKEEP + "SummarizeMemories": _namespace(foreign=""),
    _UPKEEP + "MergeMemories": Probe(request=_merging, needs="memory"),
    _UPKEEP + "UndoMerge": _made(needs="merged", field="memoryId"),
    _UPKEEP + "ListProposals": _own(),
    _UPKEEP + "ApplyProposal": _made(needs="proposal"),
    _UPKEEP + "RejectProposal": _made(needs="proposal"),
    # A job over nothing finds nothing.
    _UPKEEP + "ClusterMemories": _namespace(foreign=""),
    _UPKEEP + "ListClusters": _namespace(foreign=""),
    _UPKEEP + "OptimizeMemories": _namespace(foreign=""),
    _UPKEEP + "ReembedNamespace": _namespace(embeddingModel="other words"),
    _UPKEEP + "GetJob": _made(needs="job"),
    _UPKEEP + "ListJobs": _own(),
    _UPKEEP + "WatchJob": _made(needs="job"),
    _UPKEEP + "CancelJob": _made(needs="job"),
    _UPKEEP + "GetStats": _own(),
    _UPKEEP + "GetMemoryPolicy": _own(),
    _UPKEEP + "UpdateMemoryPolicy": _own(policy={"halfLifeDays": 10}),
    _WORKFLOWS + "CreateWorkflow": _own(definition=_DEFINITION),
    _WORKFLOWS + "ListWorkflows": _own(),
    _WORKFLOWS + "GetWorkflow": _workflow(),
    # The ids of workflows belong to their project: whoever has none of this name makes one.
    _WORKFLOWS + "UpdateWorkflow": _own(workflowId="another", definition=_DEFINITION),
    _WORKFLOWS + "DeleteWorkflow": _workflow(),
    _WORKFLOWS + "ListWorkflowVersions": _workflow(),
    _WORKFLOWS + "EnableWorkflow": _workflow(),
    _WORKFLOWS + "DisableWorkflow": _workflow(),
    _WORKFLOWS + "ValidateWorkflow": _own(definition=_DEFINITION),
    _WORKFLOWS + "GetWorkflowSchema": _own(),
    _WORKFLOWS + "ListTemplates": _own(),
    _WORKFLOWS + "GetTemplate": _own(templateId="agent-with-approval"),
    _WORKFLOWS + "GetWorkflowStats": _own(),
    _RUNS + "ExecuteWorkflow": _workflow(input={"name": "Ada"}),
    _RUNS + "BatchExecuteWorkflow": _workflow(inputs=[{"name": "Ada"}, {"name": "Bob"}]),
    _RUNS + "ListWorkflowExecutions": _own(),
    _RUNS + "GetWorkflowExecution": _run(),
    _RUNS + "ListSteps": _run(),
    _RUNS + "GetStep": _run(stepId="ask"),
    _RUNS + "ListHistory": _run(),
    _RUNS + "WatchWorkflowExecution": _run(),
    _RUNS + "PauseWorkflowExecution": _run(),
    _RUNS + "ResumeWorkflowExecution": _run(),
    _RUNS + "CancelWorkflowExecution": _run(),
    _RUNS + "RetryWorkflowExecution": _run(needs="cancelled"),
    _RUNS + "ForkWorkflowExecution": _run(),
    _RUNS + "SignalWorkflowExecution": _run(name="go"),
    _RUNS + "ApproveStep": _run(decision="APPROVAL_DECISION_APPROVED"),
    # Whoever has no such executions does nothing to them.
    _RUNS + "ControlWorkflowExecutions": Probe(
        request=lambda _: {"filter": {"workflowIds": ["greet"]}, "action": "CONTROL_ACTION_PAUSE"},
        foreign="",
        needs="run",
    ),
    _RUNS + "DeleteWorkflowExecution": _run(needs="cancelled"),
    _RUNS + "ListDeadLetters": _own(),
    _RUNS + "RedriveDeadLetter": _made(needs="deadLetter"),
    _RUNS + "DeleteDeadLetter": _made(needs="deadLetter"),
    _TRIGGERS + "PublishEvents": _own(events=[{"name": "tea/ready", "data": {"cups": 2}}]),
    _TRIGGERS + "ListWorkflowEvents": _own(),
    _TRIGGERS + "ListTriggers": _own(),
    _TRIGGERS + "GetWebhookSecret": _workflow(index=0),
    _TRIGGERS + "RotateWebhookSecret": _workflow(index=0),
    # Nobody has this webhook: what is open to everybody shows nothing of anybody's.
    _TRIGGERS + "ReceiveWebhook": Probe(request=lambda _: {"hookId": "wh_nobody", "body": {"n": 1}}),
    # Nobody waits for this call.
    _TRIGGERS + "ReceiveCallback": Probe(request=lambda _: {"token": "nobody", "body": {"n": 1}}),
    _WORK + "Work": _own(hello={"workerId": "one"}),
    _MIGRATION + "CreateMigration": _own(
        formatVersion=1,
        recordCount=1,
        sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    _MIGRATION + "AppendRecords": _migration(records=[]),
    _MIGRATION + "GetMigration": _migration(),
    _MIGRATION + "ListMigrations": _own(),
    _MIGRATION + "DeleteMigration": _migration(),
    _MIGRATION + "PlanMigration": _migration(),
    _MIGRATION + "ListMigrationItems": _migration(),
    _MIGRATION + "StartMigration": _migration(),
    _MIGRATION + "PauseMigration": _migration("startedMigration"),
    _MIGRATION + "ResumeMigration": _migration("pausedMigration"),
    _MIGRATION + "VerifyMigration": _migration("doneMigration"),
    _MIGRATION + "RollBackMigration": _migration("doneMigration"),
    _MIGRATION + "ListMigrationConflicts": _migration(),
    _MIGRATION + "ResolveMigrationConflict": _migration(resolution="CONFLICT_RESOLUTION_SKIP"),
    _MIGRATION + "WatchMigration": _migration("doneMigration"),
    _MIGRATION + "AdvanceMigration": _migration(),
    # Only services call these; no project's key does.
    _SECRETS + "OpenSecrets": _own(names=[{"environment": "kitchen", "name": "TOKEN"}]),
    _TRANSFER + "ReadRecords": _own(),
    _TRANSFER + "WriteRecords": _own(),
    _TRANSFER + "RestoreRecords": _own(),
    _EMBEDDING + "EmbedTexts": _own(texts=["What is it about?"]),
    _MEMORY_TRANSFER + "ReadMemories": _own(),
    _MEMORY_TRANSFER + "PurgeMemories": _own(),
    _EVENT_METRICS + "CountEvents": _own(fields=["model"]),
    _EVENT_METRICS + "QueryMetrics": _own(metrics=["METRIC_COUNT"]),
    _EVENT_SEARCH + "SearchEvents": _own(query="tea"),
    _WORKSPACE + "CreateTask": _own(title="Water the plants"),
    _WORKSPACE + "GetTask": _made(needs="task"),
    _WORKSPACE + "ListTasks": _own(),
    _WORKSPACE + "UpdateTask": _made(needs="task", title="Water them all"),
    _WORKSPACE + "DeleteTask": _made(needs="task"),
    _WORKSPACE + "CreateEnvironment": _own(name="garden", secrets={"TOKEN": "secret"}),
    _WORKSPACE + "GetEnvironment": _made(needs="environment"),
    _WORKSPACE + "ListEnvironments": _own(),
    _WORKSPACE + "UpdateEnvironment": _made(needs="environment", description="Where it is warm."),
    _WORKSPACE + "DeleteEnvironment": _made(needs="environment"),
    _WORKSPACE + "CreatePreference": _own(key="language", value="en"),
    _WORKSPACE + "GetPreference": _made(needs="preference"),
    _WORKSPACE + "ListPreferences": _own(),
    _WORKSPACE + "UpdatePreference": _made(needs="preference", value="light"),
    _WORKSPACE + "DeletePreference": _made(needs="preference"),
    _WORKSPACE + "CreateAgentSession": _own(title="Lunch"),
    _WORKSPACE + "GetAgentSession": _made(needs="agentSession"),
    _WORKSPACE + "ListAgentSessions": _own(),
    _WORKSPACE + "UpdateAgentSession": _made(needs="agentSession", active=True),
    _WORKSPACE + "DeleteAgentSession": _made(needs="agentSession"),
    _SHAPES + "ReadShape": _own(method="GET", query="table=tasks&offset=-1"),
    _SYNC + "ApplyMutations": _own(clientId="tab", mutations=[{"id": "one", "table": "tasks"}]),
    _SYNC + "ListSyncConflicts": _own(),
    _SYNC + "GetSyncConflict": _made(needs="conflict"),
    _SYNC + "ResolveSyncConflict": _made(needs="conflict", choice="CHOICE_SERVER"),
    _SYNC + "ListMutationDeadLetters": _own(),
    _SYNC + "RedriveMutation": _made(needs="deadMutation", field="deadLetterId"),
    _SYNC + "DiscardMutation": _made(needs="deadMutation", field="deadLetterId"),
    _SYNC + "ListSyncPolicies": _own(),
    _SYNC + "SetSyncPolicy": _own(table="tasks", policy="CONFLICT_POLICY_SERVER_WINS"),
    _OBSERVABILITY + "CreateEvents": _own(events=[{"name": "deployed"}]),
    _OBSERVABILITY + "ListEvents": _own(),
    _OBSERVABILITY + "GetEvent": _made(needs="event"),
    _OBSERVABILITY + "ListTraces": _own(),
    _OBSERVABILITY + "GetTrace": _made(needs="trace"),
    _OBSERVABILITY + "ListSessions": _own(),
    _OBSERVABILITY + "GetSession": _made(needs="conversation", field="sessionId"),
    _OBSERVABILITY + "GetTelemetryStats": _own(),
    _ALERTS + "CreateAlertRule": _own(rule=_ALERT_RULE),
    _ALERTS + "GetAlertRule": _made(needs="alertRule", field="ruleId"),
    _ALERTS + "ListAlertRules": _own(),
    _ALERTS + "UpdateAlertRule": _made(needs="alertRule", field="ruleId", rule=_ALERT_RULE),
    _ALERTS + "DeleteAlertRule": _made(needs="alertRule", field="ruleId"),
    _ALERTS + "TestAlertRule": _own(rule=_ALERT_RULE),
    _ALERTS + "ListAlerts": _own(),
    _ALERTS + "AcknowledgeAlert": _made(needs="alert"),
    _EVENT_STREAMS + "TailEvents": _own(),
    _EVENT_STREAMS + "ExportEvents": _own(),
    _MEASUREMENTS + "ListInstruments": _own(),
    _MEASUREMENTS + "QueryMeasurements": _made(needs="instrument", field="name"),
    _SCORES + "CreateScore": _own(name="truth", value=1, sessionId="talk"),
    _SCORES + "ListScores": _own(),
    _SCORES + "DeleteScore": _made(needs="score"),
    _TELEMETRY_SETTINGS + "GetRetention": _own(),
    _TELEMETRY_SETTINGS + "UpdateRetention": _own(retention={"days": 30}),
    _TELEMETRY_SETTINGS + "ListPrices": _own(),
    _TELEMETRY_SETTINGS + "CreatePrice": _own(model="another-model", inputPerMillion=1),
    _TELEMETRY_SETTINGS + "DeletePrice": _made(needs="price"),
}


def to_message(fields: dict[str, Any], descriptor: Descriptor) -> Message:
    """Return the request as a message; its documents become bytes."""
    message = message_class(descriptor)()
    return json_format.ParseDict(_with_bytes(fields, descriptor), message)


def _with_bytes(fields: dict[str, Any], descriptor: Descriptor) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for field in descriptor.fields:
        if field.json_name not in fields:
            continue
        value = fields[field.json_name]
        if is_json(field):
            value = base64.b64encode(json.dumps(value).encode()).decode()
        elif field.message_type is not None and isinstance(value, list):
            value = [_with_bytes(each, field.message_type) for each in cast("list[dict[str, Any]]", value)]
        converted[field.json_name] = value
    return converted
