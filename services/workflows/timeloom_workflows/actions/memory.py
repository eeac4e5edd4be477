"""Actions on the agent memories of the execution's project: `{"type": "memory", "operation", "input"}`.

The input is what REST takes for the operation, the output what it answers. A memory that is created is named
after its step, so that it is created once, however often the step is tried. What works as a job, such as
`optimize`, is waited for, unless the action says `"wait": false`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid5

import grpc
import grpc.aio
import msgspec
from google.protobuf.message import Message

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memories
from timeloom.memory.v1 import memory_service_pb2_grpc as memories_grpc
from timeloom.memory.v1 import memory_upkeep_service_pb2 as upkeep
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as upkeep_grpc
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import ActionError, Call, InvalidActionError
from timeloom_workflows.actions.grpc_errors import error_of
from timeloom_workflows.actions.messages import filled, value_of

Method: TypeAlias = Callable[..., Awaitable[Message]]

SERVICES: Final = (
    memories.DESCRIPTOR.services_by_name["MemoryService"],
    upkeep.DESCRIPTOR.services_by_name["MemoryUpkeepService"],
)
"""Those that the channel to the memory service is opened with."""

_NAMES: Final = UUID("5d6b7e0e-6f0c-4b5e-9d0a-3d1c7f1e2a44")
_ENDED: Final = frozenset(
    {memory_pb2.JOB_STATE_SUCCEEDED, memory_pb2.JOB_STATE_FAILED, memory_pb2.JOB_STATE_CANCELLED}
)


@dataclass(frozen=True, slots=True)
class _Operation:
    """An operation: its method, the message it takes, and what of the answer is its output; all if empty."""

    method: Method
    request: Callable[[], Message]
    answer: str = ""


class MemoryRunner:
    """Works on memories, in the name of the execution's project."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        main = memories_grpc.MemoryServiceStub(channel)
        self._upkeep = tending = upkeep_grpc.MemoryUpkeepServiceStub(channel)
        self._operations: Mapping[str, _Operation] = {
            "create": _Operation(main.CreateMemory, memories.CreateMemoryRequest, "memory"),
            "batchCreate": _Operation(main.BatchCreateMemories, memories.BatchCreateMemoriesRequest),
            "get": _Operation(main.GetMemory, memories.GetMemoryRequest, "memory"),
            "list": _Operation(main.ListMemories, memories.ListMemoriesRequest),
            "update": _Operation(main.UpdateMemory, memories.UpdateMemoryRequest, "memory"),
            "supersede": _Operation(main.SupersedeMemory, memories.SupersedeMemoryRequest, "memory"),
            "delete": _Operation(main.DeleteMemory, memories.DeleteMemoryRequest, "memory"),
            "restore": _Operation(main.RestoreMemory, memories.RestoreMemoryRequest, "memory"),
            "search": _Operation(main.SearchMemories, memories.SearchMemoriesRequest),
            "context": _Operation(main.BuildContext, memories.BuildContextRequest),
            "archive": _Operation(tending.ArchiveMemories, upkeep.ArchiveMemoriesRequest),
            "unarchive": _Operation(tending.UnarchiveMemories, upkeep.UnarchiveMemoriesRequest),
            "summarize": _Operation(tending.SummarizeMemories, upkeep.SummarizeMemoriesRequest),
            "merge": _Operation(tending.MergeMemories, upkeep.MergeMemoriesRequest),
            "cluster": _Operation(tending.ClusterMemories, upkeep.ClusterMemoriesRequest, "job"),
            "optimize": _Operation(tending.OptimizeMemories, upkeep.OptimizeMemoriesRequest, "job"),
            "reembed": _Operation(tending.ReembedNamespace, upkeep.ReembedNamespaceRequest, "job"),
            "stats": _Operation(tending.GetStats, upkeep.GetStatsRequest),
        }

    async def run(self, call: Call) -> bytes:
        """Does one operation."""
        name = fields.text(call.action, "operation")
        operation = self._operations.get(name)
        if operation is None:
            raise InvalidActionError(f"`operation` must be one of {', '.join(self._operations)}")
        request = operation.request()
        filled(request, fields.mapping(call.action, "input"))
        _name_memories(request, call)
        identity = Identity(project_id=str(call.project_id), scope=Scope.WRITE)
        with acting_as(identity):
            try:
                answer: Any = await operation.method(request, timeout=call.timeout_seconds)
                if operation.answer == "job" and fields.flag(call.action, "wait", default=True):
                    return msgspec.json.encode(value_of(await self._ended(answer.job, call)))
            except grpc.aio.AioRpcError as error:
                raise error_of(error, asked=f"The memory operation {name}") from None
        return msgspec.json.encode(
            value_of(getattr(answer, operation.answer) if operation.answer else answer)
        )

    async def _ended(self, job: memory_pb2.Job, call: Call) -> memory_pb2.Job:
        """Return a job when it has ended well."""
        request = upkeep.WatchJobRequest(job_id=job.id)
        if job.state not in _ENDED:
            async for seen in self._upkeep.WatchJob(request, timeout=call.timeout_seconds):
                job = seen.job
        if job.state == memory_pb2.JOB_STATE_SUCCEEDED:
            return job
        if job.state in _ENDED:
            raise ActionError(
                "MemoryJobError", f"The job {job.id} did not succeed: {job.error}", is_final=True
            )
        raise ActionError("MemoryJobError", f"The job {job.id} was not followed to its end")


def _name_memories(request: Message, call: Call) -> None:
    """Give what is created without an id one that every try gives."""
    match request:
        case memories.CreateMemoryRequest(memory_id=""):
            request.memory_id = str(uuid5(_NAMES, call.idempotency_key))
        case memories.BatchCreateMemoriesRequest():
            for place, each in enumerate(request.memories):
                each.memory_id = each.memory_id or str(uuid5(_NAMES, f"{call.idempotency_key}/{place}"))
        case _:
            pass
