"""The connection of one client: its channel, its credentials and the deadline of each call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import grpc
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from timeloom._channel import open_channel
from timeloom._faults import from_rpc
from timeloom.configuration import Configuration
from timeloom.errors import (
    ConfigurationError,
    DeadlineExceededError,
    RetryableError,
    TimeloomError,
    UnavailableError,
)
from timeloom.identity.v1 import identity_service_pb2
from timeloom.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from timeloom.memory.v1 import memory_service_pb2, memory_sharing_service_pb2, memory_upkeep_service_pb2
from timeloom.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from timeloom.memory.v1.memory_sharing_service_pb2_grpc import MemorySharingServiceStub
from timeloom.memory.v1.memory_upkeep_service_pb2_grpc import MemoryUpkeepServiceStub
from timeloom.migration.v1 import migration_service_pb2
from timeloom.migration.v1.migration_service_pb2_grpc import MigrationServiceStub
from timeloom.observability.v1 import (
    alerts_service_pb2,
    event_metrics_service_pb2,
    event_search_service_pb2,
    event_streams_service_pb2,
    measurements_service_pb2,
    observability_service_pb2,
    scores_service_pb2,
    telemetry_settings_service_pb2,
)
from timeloom.observability.v1.alerts_service_pb2_grpc import AlertsServiceStub
from timeloom.observability.v1.event_metrics_service_pb2_grpc import EventMetricsServiceStub
from timeloom.observability.v1.event_search_service_pb2_grpc import EventSearchServiceStub
from timeloom.observability.v1.event_streams_service_pb2_grpc import EventStreamsServiceStub
from timeloom.observability.v1.measurements_service_pb2_grpc import MeasurementsServiceStub
from timeloom.observability.v1.observability_service_pb2_grpc import ObservabilityServiceStub
from timeloom.observability.v1.scores_service_pb2_grpc import ScoresServiceStub
from timeloom.observability.v1.telemetry_settings_service_pb2_grpc import TelemetrySettingsServiceStub
from timeloom.snapshots.v1 import snapshots_service_pb2, time_travel_service_pb2
from timeloom.snapshots.v1.snapshots_service_pb2_grpc import SnapshotsServiceStub
from timeloom.snapshots.v1.time_travel_service_pb2_grpc import TimeTravelServiceStub
from timeloom.workflows.v1 import (
    workflow_executions_service_pb2,
    workflow_triggers_service_pb2,
    workflow_worker_service_pb2,
    workflows_service_pb2,
)
from timeloom.workflows.v1.workflow_executions_service_pb2_grpc import WorkflowExecutionsServiceStub
from timeloom.workflows.v1.workflow_triggers_service_pb2_grpc import WorkflowTriggersServiceStub
from timeloom.workflows.v1.workflow_worker_service_pb2_grpc import WorkflowWorkerServiceStub
from timeloom.workflows.v1.workflows_service_pb2_grpc import WorkflowsServiceStub
from timeloom.workspace.v1 import sync_service_pb2, workspace_service_pb2
from timeloom.workspace.v1.sync_service_pb2_grpc import SyncServiceStub
from timeloom.workspace.v1.workspace_service_pb2_grpc import WorkspaceServiceStub

if TYPE_CHECKING:
    from timeloom.identity.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from timeloom.memory.v1.memory_service_pb2_grpc import MemoryServiceAsyncStub
    from timeloom.memory.v1.memory_sharing_service_pb2_grpc import MemorySharingServiceAsyncStub
    from timeloom.memory.v1.memory_upkeep_service_pb2_grpc import MemoryUpkeepServiceAsyncStub
    from timeloom.migration.v1.migration_service_pb2_grpc import MigrationServiceAsyncStub
    from timeloom.observability.v1.alerts_service_pb2_grpc import AlertsServiceAsyncStub
    from timeloom.observability.v1.event_metrics_service_pb2_grpc import EventMetricsServiceAsyncStub
    from timeloom.observability.v1.event_search_service_pb2_grpc import EventSearchServiceAsyncStub
    from timeloom.observability.v1.event_streams_service_pb2_grpc import EventStreamsServiceAsyncStub
    from timeloom.observability.v1.measurements_service_pb2_grpc import MeasurementsServiceAsyncStub
    from timeloom.observability.v1.observability_service_pb2_grpc import ObservabilityServiceAsyncStub
    from timeloom.observability.v1.scores_service_pb2_grpc import ScoresServiceAsyncStub
    from timeloom.observability.v1.telemetry_settings_service_pb2_grpc import (
        TelemetrySettingsServiceAsyncStub,
    )
    from timeloom.snapshots.v1.snapshots_service_pb2_grpc import SnapshotsServiceAsyncStub
    from timeloom.snapshots.v1.time_travel_service_pb2_grpc import TimeTravelServiceAsyncStub
    from timeloom.workflows.v1.workflow_executions_service_pb2_grpc import WorkflowExecutionsServiceAsyncStub
    from timeloom.workflows.v1.workflow_triggers_service_pb2_grpc import WorkflowTriggersServiceAsyncStub
    from timeloom.workflows.v1.workflow_worker_service_pb2_grpc import WorkflowWorkerServiceAsyncStub
    from timeloom.workflows.v1.workflows_service_pb2_grpc import WorkflowsServiceAsyncStub
    from timeloom.workspace.v1.sync_service_pb2_grpc import SyncServiceAsyncStub
    from timeloom.workspace.v1.workspace_service_pb2_grpc import WorkspaceServiceAsyncStub

_SNAPSHOTS = snapshots_service_pb2.DESCRIPTOR.services_by_name["SnapshotsService"]
_TIME_TRAVEL = time_travel_service_pb2.DESCRIPTOR.services_by_name["TimeTravelService"]
_MEMORY = memory_service_pb2.DESCRIPTOR.services_by_name["MemoryService"]
_MEMORY_SHARING = memory_sharing_service_pb2.DESCRIPTOR.services_by_name["MemorySharingService"]
_MEMORY_UPKEEP = memory_upkeep_service_pb2.DESCRIPTOR.services_by_name["MemoryUpkeepService"]
_MIGRATION = migration_service_pb2.DESCRIPTOR.services_by_name["MigrationService"]
_IDENTITY = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]
_WORKFLOWS = workflows_service_pb2.DESCRIPTOR.services_by_name["WorkflowsService"]
_WORKFLOW_EXECUTIONS = workflow_executions_service_pb2.DESCRIPTOR.services_by_name[
    "WorkflowExecutionsService"
]
_WORKFLOW_TRIGGERS = workflow_triggers_service_pb2.DESCRIPTOR.services_by_name["WorkflowTriggersService"]
_WORKFLOW_WORKER = workflow_worker_service_pb2.DESCRIPTOR.services_by_name["WorkflowWorkerService"]
_WORKSPACE = workspace_service_pb2.DESCRIPTOR.services_by_name["WorkspaceService"]
_SYNC = sync_service_pb2.DESCRIPTOR.services_by_name["SyncService"]
_TELEMETRY = tuple(
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (alerts_service_pb2, "AlertsService"),
        (event_metrics_service_pb2, "EventMetricsService"),
        (event_search_service_pb2, "EventSearchService"),
        (event_streams_service_pb2, "EventStreamsService"),
        (measurements_service_pb2, "MeasurementsService"),
        (observability_service_pb2, "ObservabilityService"),
        (scores_service_pb2, "ScoresService"),
        (telemetry_settings_service_pb2, "TelemetrySettingsService"),
    )
)
_SERVICES = (
    _SNAPSHOTS,
    _TIME_TRAVEL,
    _MEMORY,
    _MEMORY_SHARING,
    _MEMORY_UPKEEP,
    _MIGRATION,
    _IDENTITY,
    _WORKFLOWS,
    _WORKFLOW_EXECUTIONS,
    _WORKFLOW_TRIGGERS,
    _WORKFLOW_WORKER,
    _WORKSPACE,
    _SYNC,
    *_TELEMETRY,
)
_METHODS = [method for service in _SERVICES for method in service.methods]

# This client names the executions that it creates or forks, the snapshots that it records, the memories that
# it adds, and what it executes, signals, publishes, reports and scores: the server recognises a repetition,
# as it does where the contract says so.
_NAMED = frozenset(
    {
        "BatchCreateMemories",
        "CreateAlertRule",
        "CreateEvents",
        "CreateExecution",
        "CreateMemory",
        "CreateMigration",
        "CreateScore",
        "ExecuteWorkflow",
        "ForkExecution",
        "PublishEvents",
        "RecordSnapshot",
        "SignalWorkflowExecution",
    }
)
_REPEATABLE = frozenset(
    method.full_name
    for method in _METHODS
    if method.name in _NAMED or method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
)
_REPEATABLE_REQUESTS = frozenset(
    method.input_type.full_name for method in _METHODS if method.full_name in _REPEATABLE
)

BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT")


class Connection:
    """A channel that opens at the first call, in that call's event loop, and stays with it."""

    def __init__(self, configuration: Configuration, *, timeout_seconds: float) -> None:
        self.configuration = configuration
        self.timeout_seconds = timeout_seconds
        self.metadata: tuple[tuple[str, str], ...] = (("authorization", f"Bearer {configuration.api_key}"),)
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stubs: dict[type[Any], Any] = {}
        self._answered = False

    @property
    def snapshots(self) -> SnapshotsServiceAsyncStub:
        """The snapshots service, for calls from the client's event loop."""
        return cast("SnapshotsServiceAsyncStub", self._stub(SnapshotsServiceStub))

    @property
    def time_travel(self) -> TimeTravelServiceAsyncStub:
        """The service of time travel, for calls from the client's event loop."""
        return cast("TimeTravelServiceAsyncStub", self._stub(TimeTravelServiceStub))

    @property
    def memory(self) -> MemoryServiceAsyncStub:
        """The memory service, for calls from the client's event loop."""
        return cast("MemoryServiceAsyncStub", self._stub(MemoryServiceStub))

    @property
    def memory_sharing(self) -> MemorySharingServiceAsyncStub:
        """The service that shares memories, for calls from the client's event loop."""
        return cast("MemorySharingServiceAsyncStub", self._stub(MemorySharingServiceStub))

    @property
    def memory_upkeep(self) -> MemoryUpkeepServiceAsyncStub:
        """The service that looks after memories, for calls from the client's event loop."""
        return cast("MemoryUpkeepServiceAsyncStub", self._stub(MemoryUpkeepServiceStub))

    @property
    def migration(self) -> MigrationServiceAsyncStub:
        """The service of migrations, for calls from the client's event loop."""
        return cast("MigrationServiceAsyncStub", self._stub(MigrationServiceStub))

    @property
    def identity(self) -> IdentityServiceAsyncStub:
        """The service of projects and API keys, for calls from the client's event loop."""
        return cast("IdentityServiceAsyncStub", self._stub(IdentityServiceStub))

    @property
    def workflows(self) -> WorkflowsServiceAsyncStub:
        """The service of workflows' definitions, for calls from the client's event loop."""
        return cast("WorkflowsServiceAsyncStub", self._stub(WorkflowsServiceStub))

    @property
    def workflow_executions(self) -> WorkflowExecutionsServiceAsyncStub:
        """The service of workflows' executions, for calls from the client's event loop."""
        return cast("WorkflowExecutionsServiceAsyncStub", self._stub(WorkflowExecutionsServiceStub))

    @property
    def workflow_triggers(self) -> WorkflowTriggersServiceAsyncStub:
        """The service of what makes workflows begin, for calls from the client's event loop."""
        return cast("WorkflowTriggersServiceAsyncStub", self._stub(WorkflowTriggersServiceStub))

    @property
    def workflow_worker(self) -> WorkflowWorkerServiceAsyncStub:
        """The service that workers stream with, for calls from the client's event loop."""
        return cast("WorkflowWorkerServiceAsyncStub", self._stub(WorkflowWorkerServiceStub))

    @property
    def workspace(self) -> WorkspaceServiceAsyncStub:
        """The service of what apps keep for their users, for calls from the client's event loop."""
        return cast("WorkspaceServiceAsyncStub", self._stub(WorkspaceServiceStub))

    @property
    def sync(self) -> SyncServiceAsyncStub:
        """The service that takes mutations, for calls from the client's event loop."""
        return cast("SyncServiceAsyncStub", self._stub(SyncServiceStub))

    @property
    def alerts(self) -> AlertsServiceAsyncStub:
        """The service of alerts, for calls from the client's event loop."""
        return cast("AlertsServiceAsyncStub", self._stub(AlertsServiceStub))

    @property
    def event_metrics(self) -> EventMetricsServiceAsyncStub:
        """The service that counts and measures events, for calls from the client's event loop."""
        return cast("EventMetricsServiceAsyncStub", self._stub(EventMetricsServiceStub))

    @property
    def event_search(self) -> EventSearchServiceAsyncStub:
        """The service that finds events, for calls from the client's event loop."""
        return cast("EventSearchServiceAsyncStub", self._stub(EventSearchServiceStub))

    @property
    def event_streams(self) -> EventStreamsServiceAsyncStub:
        """The service that hands events on, for calls from the client's event loop."""
        return cast("EventStreamsServiceAsyncStub", self._stub(EventStreamsServiceStub))

    @property
    def measurements(self) -> MeasurementsServiceAsyncStub:
        """The service of what programs measure themselves, for calls from the client's event loop."""
        return cast("MeasurementsServiceAsyncStub", self._stub(MeasurementsServiceStub))

    @property
    def observability(self) -> ObservabilityServiceAsyncStub:
        """The service of events, traces and conversations, for calls from the client's event loop."""
        return cast("ObservabilityServiceAsyncStub", self._stub(ObservabilityServiceStub))

    @property
    def scores(self) -> ScoresServiceAsyncStub:
        """The service of scores, for calls from the client's event loop."""
        return cast("ScoresServiceAsyncStub", self._stub(ScoresServiceStub))

    @property
    def telemetry_settings(self) -> TelemetrySettingsServiceAsyncStub:
        """The service of prices and of how long telemetry is kept, for calls from the client's event loop."""
        return cast("TelemetrySettingsServiceAsyncStub", self._stub(TelemetrySettingsServiceStub))

    def _stub(self, kind: type[Any]) -> Any:
        channel = self._open()
        stub = self._stubs.get(kind)
        if stub is None:
            stub = self._stubs[kind] = kind(channel)
        return stub

    def _open(self) -> grpc.aio.Channel:
        loop = asyncio.get_running_loop()
        if self._channel is None:
            address = self.configuration.grpc_address
            self._loop = loop
            self._channel = open_channel(address, services=_SERVICES, repeatable=_REPEATABLE)
        elif self._loop is not loop:
            raise ConfigurationError("An AsyncTimeloom belongs to the event loop that used it first")
        return self._channel

    async def unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout_seconds: float | None = None,
    ) -> ResponseT:
        """Call a method and return its response, in the client's time if no other is given.

        A server that has answered before and goes away is expected back: calls that may be repeated go on
        until their time is over. One that never answered is probably not there, and that is said soon.

        Raises:
            TimeloomError: The call failed.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout_seconds or self.timeout_seconds)
        for attempt in count():
            try:
                response = await method(request, timeout=deadline - loop.time(), metadata=self.metadata)
            except grpc.aio.AioRpcError as fault:
                error = from_rpc(fault, address=self.configuration.grpc_address)
                pause = self._pause(request, error, attempt)
                if pause is None or loop.time() + pause >= deadline:
                    raise error from None
                await asyncio.sleep(pause)
            else:
                self._answered = True
                return response
        raise AssertionError("there is always another attempt")

    def _pause(self, request: Message, error: TimeloomError, attempt: int) -> float | None:
        """Return how long to wait before the next attempt; None if there is none."""
        self._answered |= bool(error.request_id)
        if request.DESCRIPTOR.full_name not in _REPEATABLE_REQUESTS:
            return None
        if isinstance(error, UnavailableError) and not self._answered:
            return None
        if not isinstance(error, RetryableError) or isinstance(error, DeadlineExceededError):
            return None
        backoff = min(BACKOFF_SECONDS_MIN * 2.0 ** min(attempt, 10), BACKOFF_SECONDS_MAX)
        # Spread, so that clients that failed together do not come back together.
        return max(error.retry_after_seconds or 0.0, backoff * random.uniform(0.5, 1.0))  # noqa: S311

    async def stream(
        self,
        method: grpc.aio.UnaryStreamMultiCallable[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout_seconds: float | None = None,
    ) -> AsyncGenerator[ResponseT]:
        """Call a method that answers with a stream, which may go on for ever if no time is given.

        Raises:
            TimeloomError: The call failed, now or later.
        """
        call = method(request, timeout=timeout_seconds, metadata=self.metadata)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as fault:
            raise from_rpc(fault, address=self.configuration.grpc_address) from None
        finally:
            call.cancel()

    def failed(self, fault: grpc.aio.AioRpcError) -> TimeloomError:
        """Return the error that the caller sees for a call that failed."""
        return from_rpc(fault, address=self.configuration.grpc_address)

    async def close(self) -> None:
        """Close the channel; a later call opens it again."""
        channel, self._channel, self._loop = self._channel, None, None
        self._stubs.clear()
        if channel is not None:
            await channel.close()
