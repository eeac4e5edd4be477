"""From the nouns of the service to the messages of the contract."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from timeloom.memory.v1 import memory_pb2, memory_service_pb2
from timeloom.state import canonical
from timeloom_memory.etags import etag_of
from timeloom_memory.model import Memory, MemoryVersion, Namespace
from timeloom_platform import failures
from timeloom_platform.times import timestamp, write_time


def memory_message(
    memory: Memory, *, with_content: bool = True, vector: Iterable[float] = ()
) -> memory_pb2.Memory:
    """Returns a memory, without its content, context and metadata if that is asked for."""
    message = memory_pb2.Memory()
    write_memory(message, memory, with_content=with_content)
    message.vector.extend(vector)
    return message


def write_memory(message: memory_pb2.Memory, memory: Memory, *, with_content: bool = True) -> None:
    """Writes field by field, which for a page of a thousand takes a third of what a constructor does."""
    message.id = str(memory.id)
    message.namespace = memory.namespace
    message.agent_id = memory.agent_id
    message.session_id = memory.session_id
    message.key = memory.key
    message.kind = memory_pb2.MemoryKind.ValueType(memory.kind)
    message.importance = memory.importance
    message.confidence = memory.confidence
    message.embedding_model = memory.embedding_model
    message.dimension = memory.dimension
    message.version = memory.version
    message.sequence = memory.sequence
    message.etag = etag_of(memory)
    message.access_count = memory.access_count
    message.archived = memory.archived
    if with_content:
        message.content = memory.content
        message.context = memory.context
        if memory.metadata is not None:
            message.metadata = canonical_metadata(memory.metadata)
    if memory.tags:
        message.tags.extend(memory.tags)
    _write_links(message, memory)
    _write_times(message, memory)


def write_memories(
    field: RepeatedCompositeFieldContainer[memory_pb2.Memory],
    memories: Iterable[Memory],
    *,
    with_content: bool = True,
) -> None:
    """Writes memories into a list, without their contents, contexts and metadata if that is asked for."""
    for memory in memories:
        write_memory(field.add(), memory, with_content=with_content)


def last_sequence(memories: Iterable[Memory]) -> int:
    """Returns the sequence of the memory that changed last."""
    return max((memory.sequence for memory in memories), default=0)


def write_refusal(message: memory_service_pb2.MemoryRefusal, error: Exception) -> None:
    """Writes why memories were not created."""
    failure = failures.failure_of(error)
    message.reason = failure.reason
    message.message = failures.message_of(failure)
    message.retryable = failure.retry_after_seconds is not None
    if failure.violations:
        message.field = failure.violations[0].field


def version_message(version: MemoryVersion) -> memory_pb2.MemoryVersion:
    """Returns a version of a memory."""
    message = memory_pb2.MemoryVersion(
        change=memory_pb2.MemoryChange.ValueType(version.change),
        reason=version.reason,
        agent_id=version.agent_id,
        known_from=timestamp(version.known_from),
    )
    write_memory(message.memory, version.memory)
    if version.known_to is not None:
        write_time(message.known_to, version.known_to)
    return message


def namespace_message(namespace: Namespace) -> memory_pb2.Namespace:
    """Returns a namespace."""
    return memory_pb2.Namespace(
        name=namespace.name,
        description=namespace.description,
        embedding_model=namespace.embedding_model,
        memory_count=namespace.memory_count,
        sequence=namespace.sequence,
        create_time=timestamp(namespace.create_time),
        update_time=timestamp(namespace.update_time),
        etag=etag_of(namespace),
    )


def canonical_metadata(document: str) -> bytes:
    """Returns a document, which PostgreSQL gives in a form of its own, in the form that it was written in."""
    return canonical.encode_trusted(canonical.decode(document.encode()))


def _write_links(message: memory_pb2.Memory, memory: Memory) -> None:
    if memory.cluster_id is not None:
        message.cluster_id = str(memory.cluster_id)
    if memory.superseded_by is not None:
        message.superseded_by = str(memory.superseded_by)
    if memory.supersedes is not None:
        message.supersedes = str(memory.supersedes)
    if memory.source_ids:
        message.source_ids.extend(map(str, memory.source_ids))


def _write_times(message: memory_pb2.Memory, memory: Memory) -> None:
    write_time(message.create_time, memory.create_time)
    write_time(message.update_time, memory.update_time)
    write_time(message.occur_time, memory.occur_time)
    write_time(message.valid_from, memory.valid_from)
    if memory.valid_to is not None:
        write_time(message.valid_to, memory.valid_to)
    if memory.expire_time is not None:
        write_time(message.expire_time, memory.expire_time)
    if memory.last_access_time is not None:
        write_time(message.last_access_time, memory.last_access_time)
    if memory.delete_time is not None:
        write_time(message.delete_time, memory.delete_time)
