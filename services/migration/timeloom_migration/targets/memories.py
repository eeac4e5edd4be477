"""Memories with their vectors: the memory service keeps them. A migration only ever creates some."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import grpc
import grpc.aio
import msgspec
from google.protobuf import json_format

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memories
from timeloom.memory.v1 import memory_service_pb2_grpc as memories_grpc
from timeloom.memory.v1 import memory_transfer_service_pb2 as transfer
from timeloom.memory.v1 import memory_transfer_service_pb2_grpc as transfer_grpc
from timeloom_migration.targets.target import Found, Outcome, Restoration, Result, Wanted, Write

SERVICES: Final = (
    memories.DESCRIPTOR.services_by_name["MemoryService"],
    transfer.DESCRIPTOR.services_by_name["MemoryTransferService"],
)

_COMPARED: Final = ("content", "context", "kind", "key", "tags", "metadata", "importance")
_FINAL: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
    }
)


class MemoriesTarget:
    """Creates memories, and removes them for good."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        self._stub = memories_grpc.MemoryServiceStub(channel)
        self._transfers = transfer_grpc.MemoryTransferServiceStub(channel)

    async def find(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what has the key in the same namespace, or else the id."""
        names = [
            transfer.MemoryName(
                memory_id=str(each.id), namespace=_namespace(each.fields), key=str(each.fields.get("key", ""))
            )
            for each in wanted
        ]
        return await self._read(names, include_vectors=False)

    async def read(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there under these ids, with vectors."""
        names = [transfer.MemoryName(memory_id=str(each.id)) for each in wanted]
        return await self._read(names, include_vectors=True)

    async def write(self, writes: Sequence[Write]) -> list[Result]:
        """Creates memories: all at once, or each by itself if that is refused."""
        try:
            answer = await self._stub.BatchCreateMemories(
                memories.BatchCreateMemoriesRequest(memories=[_new(each) for each in writes])
            )
        except grpc.aio.AioRpcError as error:
            if error.code() not in _FINAL:
                raise
            if len(writes) == 1:
                return [Result(outcome=Outcome.REFUSED, reason=_reason(error))]
            # One after the other: which of them it is, only each by itself can tell.
            return [(await self.write([each]))[0] for each in writes]
        return [Result(outcome=Outcome.DONE, mark=each.etag) for each in answer.memories]

    async def restore(self, restorations: Sequence[Restoration]) -> list[Result]:
        """Removes memories with all their versions, unless somebody changed what they say."""
        names = [transfer.MemoryName(memory_id=str(each.id)) for each in restorations]
        found = await self._read(names, include_vectors=False)
        etags = {
            str(there.id): there.mark
            for each, there in zip(restorations, found, strict=True)
            if there is not None and not _is_changed(each, there)
        }
        answer = await self._transfers.PurgeMemories(
            transfer.PurgeMemoriesRequest(
                purges=[transfer.MemoryPurge(memory_id=own_id, etag=etag) for own_id, etag in etags.items()]
            )
        )
        kept = {str(there.id) for there in found if there is not None} - set(etags)
        kept.update(answer.changed_memory_ids)
        return [
            Result(outcome=Outcome.CHANGED if str(each.id) in kept else Outcome.DONE) for each in restorations
        ]

    async def _read(self, names: list[transfer.MemoryName], *, include_vectors: bool) -> list[Found | None]:
        answer = await self._transfers.ReadMemories(
            transfer.ReadMemoriesRequest(names=names, include_vectors=include_vectors)
        )
        return [_found(each.memory) if each.HasField("memory") else None for each in answer.memories]


def _is_changed(restoration: Restoration, there: Found) -> bool:
    """Tells whether somebody changed what a memory says, and nobody decided that this goes."""
    if restoration.replaces_changes:
        return there.mark != restoration.mark
    return there.mark != restoration.mark and bool(differing(restoration.fields, there.fields))


def differing(meant: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Returns the fields of a memory that are not as they were meant; a vector only has to point alike."""
    names = [name for name in _COMPARED if name in meant and not _same(meant[name], there.get(name))]
    vector = meant.get("vector")
    if vector and "vector" in there and not _is_parallel(vector, there["vector"]):
        names.append("vector")
    return names


def _same(meant: Any, there: Any) -> bool:
    if isinstance(meant, list):
        return sorted(map(str, meant)) == sorted(map(str, there or ()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return bool(meant == there) or (not meant and not there)


def _is_parallel(one: Sequence[float], other: Sequence[float]) -> bool:
    if len(one) != len(other):
        return False
    lengths = math.sqrt(sum(x * x for x in one)) * math.sqrt(sum(x * x for x in other))
    return lengths == 0 or sum(x * y for x, y in zip(one, other, strict=True)) / lengths > _PARALLEL


_PARALLEL: Final = 0.999


def _namespace(fields: Mapping[str, Any]) -> str:
    return str(fields.get("namespace") or "project")


def _new(write: Write) -> memories.NewMemory:
    fields = {name: value for name, value in write.fields.items() if name not in {"metadata", "vector"}}
    message = memories.NewMemory()
    json_format.ParseDict(fields, message)
    message.memory_id = str(write.id)
    # A vector is most of what a memory takes: number by number it would take most of the time, too.
    message.vector.extend(write.fields.get("vector", ()))
    metadata = write.fields.get("metadata")
    if metadata is not None:
        message.metadata = msgspec.json.encode(metadata)
    return message


def _found(memory: memory_pb2.Memory) -> Found:
    fields: dict[str, Any] = {
        "namespace": memory.namespace,
        "key": memory.key,
        "kind": memory_pb2.MemoryKind.Name(memory.kind),
        "content": memory.content,
        "context": memory.context,
        "metadata": msgspec.json.decode(memory.metadata) if memory.metadata else None,
        "tags": list(memory.tags),
        "importance": memory.importance,
    }
    if memory.vector:
        fields["vector"] = list(memory.vector)
    return Found(
        id=UUID(memory.id),
        fields=fields,
        update_time=memory.update_time.ToJsonString(),
        mark=memory.etag,
        image="",
    )


def _reason(error: grpc.aio.AioRpcError) -> str:
    # What a service says of a field names it, and never its value.
    return (error.details() or error.code().name)[:500]
