"""Memories with their vectors: the memory service keeps them. A migration only ever creates some."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import grpc
import grpc.aio
import msgspec
from google.protobuf import json_format

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memories
from timeloom.memory.v1 import memory_service_pb2_grpc as memories_grpc
from timeloom_migration.limits import CALLS_AT_ONCE_MAX
from timeloom_migration.targets.target import Found, Outcome, Restoration, Result, Wanted, Write

SERVICES: Final = (memories.DESCRIPTOR.services_by_name["MemoryService"],)

REASON: Final = "taken back with its migration"
_COMPARED: Final = ("content", "context", "kind", "key", "tags", "metadata", "importance")
_FINAL: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
    }
)

T = TypeVar("T")
R = TypeVar("R")


class MemoriesTarget:
    """Creates memories, and removes them for good."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        self._stub = memories_grpc.MemoryServiceStub(channel)

    async def find(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what has the id, or the key in the same namespace; an empty namespace is asked once."""
        namespaces = {_namespace(each.fields) for each in wanted}
        filled = dict(zip(namespaces, await _at_once(self._is_filled, namespaces), strict=True))

        async def look(each: Wanted) -> Found | None:
            if not filled[_namespace(each.fields)]:
                return None
            return await self._by_key(each) or await self._by_id(each, include_vector=False)

        return await _at_once(look, wanted)

    async def read(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there under these ids, with vectors."""

        async def look(each: Wanted) -> Found | None:
            return await self._by_id(each, include_vector=True)

        return await _at_once(look, wanted)

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
        return await _at_once(self._remove, restorations)

    async def _remove(self, restoration: Restoration) -> Result:
        own_id = str(restoration.id)
        wanted = Wanted(table=restoration.table, id=restoration.id, fields=restoration.fields)
        there = await self._by_id(wanted, include_vector=False)
        if there is None:
            return Result(outcome=Outcome.DONE)
        if there.mark != restoration.mark and differing(restoration.fields, there.fields):
            return Result(outcome=Outcome.CHANGED)
        try:
            await self._stub.DeleteMemory(
                memories.DeleteMemoryRequest(memory_id=own_id, purge=True, reason=REASON, etag=there.mark)
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return Result(outcome=Outcome.DONE)
            if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                return Result(outcome=Outcome.CHANGED)
            raise
        return Result(outcome=Outcome.DONE)

    async def _is_filled(self, namespace: str) -> bool:
        request = memories.ListMemoriesRequest(namespaces=[namespace], page_size=1)
        return bool((await self._stub.ListMemories(request)).memories)

    async def _by_key(self, wanted: Wanted) -> Found | None:
        key = str(wanted.fields.get("key", ""))
        if not key:
            return None
        request = memories.ListMemoriesRequest(
            namespaces=[_namespace(wanted.fields)], page_size=10, key=key[:500]
        )
        for memory in (await self._stub.ListMemories(request)).memories:
            if memory.namespace == _namespace(wanted.fields):
                return _found(memory)
        return None

    async def _by_id(self, wanted: Wanted, *, include_vector: bool) -> Found | None:
        try:
            answer = await self._stub.GetMemory(
                memories.GetMemoryRequest(memory_id=str(wanted.id), include_vector=include_vector)
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return _found(answer.memory)


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
    fields = {name: value for name, value in write.fields.items() if name != "metadata"}
    message = memories.NewMemory()
    json_format.ParseDict(fields, message)
    message.memory_id = str(write.id)
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


async def _at_once(work: Callable[[T], Awaitable[R]], given: Iterable[T]) -> list[R]:
    room = asyncio.Semaphore(CALLS_AT_ONCE_MAX)

    async def one(each: T) -> R:
        async with room:
            return await work(each)

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(each)) for each in given]
    except* grpc.aio.AioRpcError as group:
        failed = group.exceptions[0]
    else:
        return [each.result() for each in running]
    # One of them tells it all, and is what a caller of one would see.
    raise failed
