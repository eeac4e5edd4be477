"""From the messages of the contract, whose rules are checked already, to the nouns of the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
from google.protobuf.internal.containers import RepeatedScalarFieldContainer
from msgspec import UNSET, Raw

from timeloom.memory.v1 import memory_pb2, memory_service_pb2
from timeloom.state import canonical
from timeloom_memory import limits, names
from timeloom_memory.changing import MemoryChanges, check_validity
from timeloom_memory.errors import NUL, malformed, refuse_nul
from timeloom_memory.model import IMPORTANCE_DEFAULT, Matrix, Memory, MemoryFilter, MemoryKind
from timeloom_memory.preparing import NewMemory
from timeloom_memory.storage.memories import Order
from timeloom_platform.errors import InvalidFieldError, TooLargeError
from timeloom_platform.ids import uuid7
from timeloom_platform.times import optional_time, time_of, write_time

_FLOAT: Final = np.dtype("<f4")
_KINDS: Final = frozenset(MemoryKind)
_CLEARABLE: Final = {"occurTime": "occur_time", "validTo": "valid_to", "expireTime": "expire_time"}
_NUL_IN_JSON: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

_ORDERS: Final = {
    "": Order(),
    "create_time desc": Order(),
    "create_time": Order(descending=False),
    "update_time desc": Order(column="update_time"),
    "update_time": Order(column="update_time", descending=False),
    "occur_time desc": Order(column="occur_time"),
    "occur_time": Order(column="occur_time", descending=False),
    "importance desc": Order(column="importance"),
}


def new_memories_of(messages: Sequence[memory_service_pb2.NewMemory], *, as_agent_id: str) -> list[NewMemory]:
    """Reads the memories of a batch.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: A document is too large.
    """
    return [
        new_memory_of(message, as_agent_id=as_agent_id, prefix=f"memories[{place}].")
        for place, message in enumerate(messages)
    ]


def new_memory_of(
    message: memory_service_pb2.NewMemory | memory_service_pb2.CreateMemoryRequest,
    *,
    as_agent_id: str,
    prefix: str = "",
) -> NewMemory:
    """Reads a memory that is to be created.

    Args:
        message: What the caller sent.
        as_agent_id: The agent that it acts as.
        prefix: Where the message stands in a larger one, such as `memories[3].`.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: A document does not parse.
        TooLargeError: A document is too large.
    """
    refuse_nuls(
        prefix,
        key=message.key,
        agentId=message.agent_id,
        sessionId=message.session_id,
        content=message.content,
        context=message.context,
        vectorModel=message.vector_model,
    )
    valid_from = optional_time(message, "valid_from", f"{prefix}validFrom")
    valid_to = optional_time(message, "valid_to", f"{prefix}validTo")
    check_validity(valid_from, valid_to, prefix=prefix)
    return NewMemory(
        id=UUID(message.memory_id) if message.memory_id else uuid7(),
        is_named=bool(message.memory_id),
        namespace=names.checked(
            message.namespace or names.default_namespace(as_agent_id), f"{prefix}namespace"
        ),
        key=message.key,
        agent_id=message.agent_id or as_agent_id,
        session_id=message.session_id,
        kind=kind_of(message.kind, f"{prefix}kind") if message.kind else MemoryKind.KNOWLEDGE,
        content=message.content,
        context=message.context,
        metadata=metadata_of(message.metadata, f"{prefix}metadata"),
        tags=tags_of(message.tags, f"{prefix}tags") if message.tags else (),
        importance=importance_of(message.importance, f"{prefix}importance"),
        occur_time=optional_time(message, "occur_time", f"{prefix}occurTime"),
        valid_from=valid_from,
        valid_to=valid_to,
        expire_time=optional_time(message, "expire_time", f"{prefix}expireTime"),
        vector=vector_of(message.vector),
        vector_model=message.vector_model,
        field_prefix=prefix,
    )


def changes_of(request: memory_service_pb2.UpdateMemoryRequest) -> MemoryChanges:
    """Reads what of a memory is to change.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: The merge patch does not parse.
        TooLargeError: It is too large.
    """
    given: dict[str, Any] = {
        name: getattr(request, name) for name in ("content", "context", "key") if request.HasField(name)
    }
    refuse_nuls("", reason=request.reason, vectorModel=request.vector_model, **given)
    if given.get("content") == "":
        raise InvalidFieldError.of("content", "must not be empty")
    times: dict[str, Any] = {}
    for field in request.clear:
        if field not in _CLEARABLE:
            raise InvalidFieldError.of("clear", f"must be some of {', '.join(_CLEARABLE)}")
        times[_CLEARABLE[field]] = None
    for name in ("occur_time", "valid_from", "valid_to", "expire_time"):
        if request.HasField(name):
            times[name] = time_of(getattr(request, name), _json_name(name))
    return MemoryChanges(
        **given,
        **times,
        kind=kind_of(request.kind, "kind") if request.HasField("kind") else UNSET,
        metadata_patch=_merge_patch_of(request.metadata) if request.metadata else UNSET,
        tags=tags_of(request.tags.values, "tags.values") if request.HasField("tags") else UNSET,
        importance=importance_of(request.importance, "importance")
        if request.HasField("importance")
        else UNSET,
        vector=vector_of(request.vector),
        vector_model=request.vector_model,
    )


def replacement_of(request: memory_service_pb2.SupersedeMemoryRequest) -> Callable[[Memory], NewMemory]:
    """Reads what is to take a memory's place: what the request leaves empty is taken over from that one.

    Raises:
        InvalidFieldError: Once it is called, if a field has a value that is not allowed.
        MalformedJsonError: Likewise, if a document does not parse.
        TooLargeError: Likewise, if a document is too large.
    """

    def replacing(old: Memory) -> NewMemory:
        message = memory_service_pb2.NewMemory()
        message.CopyFrom(request.replacement)
        for name in ("namespace", "key", "agent_id", "session_id", "kind", "context", "importance"):
            setattr(message, name, getattr(message, name) or getattr(old, name))
        if not message.metadata and old.metadata is not None:
            message.metadata = old.metadata.encode()
        if not message.tags:
            message.tags.extend(old.tags)
        if not message.HasField("expire_time") and old.expire_time is not None:
            write_time(message.expire_time, old.expire_time)
        return new_memory_of(message, as_agent_id=request.as_agent_id, prefix="replacement.")

    return replacing


def filter_of(message: memory_pb2.MemoryFilter, prefix: str = "filter.") -> MemoryFilter:
    """Reads which memories are wanted.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: The metadata do not parse.
    """
    for field, texts in (
        ("tags", message.tags),
        ("anyTags", message.any_tags),
        ("agentIds", message.agent_ids),
        ("sessionIds", message.session_ids),
    ):
        for text in texts:
            refuse_nul(f"{prefix}{field}", text)
    return MemoryFilter(
        kinds=tuple(kind_of(kind, f"{prefix}kinds") for kind in message.kinds),
        tags=tuple(message.tags),
        any_tags=tuple(message.any_tags),
        agent_ids=tuple(message.agent_ids),
        session_ids=tuple(message.session_ids),
        cluster_ids=tuple(uuid_of(text, f"{prefix}clusterIds") for text in message.cluster_ids),
        memory_ids=tuple(UUID(text) for text in message.memory_ids),
        metadata=_contained_of(message.metadata, f"{prefix}metadata") if message.metadata else "",
        occur_after=optional_time(message, "occur_after", f"{prefix}occurAfter"),
        occur_before=optional_time(message, "occur_before", f"{prefix}occurBefore"),
        importance_min=message.importance_min,
        confidence_min=message.confidence_min,
        valid_at=optional_time(message, "valid_at", f"{prefix}validAt"),
        as_of=optional_time(message, "as_of", f"{prefix}asOf"),
        include_superseded=message.include_superseded,
        include_archived=message.include_archived,
        include_expired=message.include_expired,
        include_deleted=message.include_deleted,
    )


def order_of(order_by: str) -> Order:
    """Reads by what memories are ordered.

    Raises:
        InvalidFieldError: They are not ordered by that.
    """
    try:
        return _ORDERS[order_by]
    except KeyError:
        allowed = ", ".join(f"`{order}`" for order in _ORDERS if order)
        raise InvalidFieldError.of("orderBy", f"must be one of {allowed}") from None


def namespaces_of(texts: Iterable[str], field: str = "namespaces") -> tuple[str, ...]:
    """Reads the names of namespaces, each once.

    Raises:
        InvalidFieldError: One cannot be a name.
    """
    return tuple(dict.fromkeys(names.checked(text, field) for text in texts))


def vector_of(numbers: RepeatedScalarFieldContainer[float]) -> Matrix | None:
    """Returns a vector as it was given; None if none was.

    On the wire a packed list of floats is their bytes, one after the other, and at the end of a message that
    has nothing else: so they come without a Python object for each.
    """
    if not numbers:
        return None
    message = memory_pb2.Memory()
    message.vector.MergeFrom(numbers)
    data = message.SerializeToString()
    return np.frombuffer(data, _FLOAT, offset=len(data) - len(numbers) * _FLOAT.itemsize)


def metadata_of(data: bytes, field: str) -> Raw | None:
    """Returns a JSON document in canonical form; None if there is none, or it is null.

    Raises:
        InvalidFieldError: It has the character U+0000 somewhere.
        MalformedJsonError: It does not parse.
        TooLargeError: It is larger than it may be.
    """
    if not data:
        return None
    try:
        encoded = canonical.encode_trusted(canonical.decode(data))
    except canonical.CanonicalError as error:
        raise malformed(field, error) from None
    if len(encoded) > limits.METADATA_BYTES_MAX:
        raise TooLargeError(
            f"{field} has {len(encoded):,} bytes in canonical form; at most"
            f" {limits.METADATA_BYTES_MAX:,} are allowed.",
            metadata={"sizeBytes": str(len(encoded)), "limitBytes": str(limits.METADATA_BYTES_MAX)},
        )
    if _NUL_IN_JSON.search(encoded):
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
    return None if encoded == b"null" else Raw(encoded)


def tags_of(tags: Iterable[str], field: str) -> tuple[str, ...]:
    """Returns tags in their order, each once.

    Raises:
        InvalidFieldError: One is empty, too long, or has the character U+0000.
    """
    distinct = tuple(dict.fromkeys(tags))
    for tag in distinct:
        if not 0 < len(tag) <= limits.TAG_LENGTH_MAX:
            raise InvalidFieldError.of(field, f"must have from 1 to {limits.TAG_LENGTH_MAX} characters each")
        refuse_nul(field, tag)
    return distinct


def kind_of(kind: int, field: str) -> int:
    """Returns a kind.

    Raises:
        InvalidFieldError: There is no such kind.
    """
    if kind not in _KINDS:
        raise InvalidFieldError.of(field, "must be a kind of memory")
    return kind


def importance_of(importance: float, field: str) -> float:
    """Returns how much a memory matters; what is usual if it is zero.

    Raises:
        InvalidFieldError: It is not from 1 to 10.
    """
    if importance and not 1 <= importance <= 10:
        raise InvalidFieldError.of(field, "must be from 1 to 10, or 0 for what is usual")
    return importance or IMPORTANCE_DEFAULT


def uuid_of(text: str, field: str) -> UUID:
    """Returns an id.

    Raises:
        InvalidFieldError: It is no UUID.
    """
    try:
        return UUID(text)
    except ValueError:
        raise InvalidFieldError.of(field, "must be a UUID") from None


def refuse_nuls(prefix: str, **texts: str) -> None:
    """Refuses texts, named by their fields, that have the character U+0000.

    Raises:
        InvalidFieldError: One has it.
    """
    for field, text in texts.items():
        if NUL in text:
            refuse_nul(prefix + field, text)


def _merge_patch_of(data: bytes) -> object:
    metadata_of(data, "metadata")
    return canonical.decode(data)


def _contained_of(data: bytes, field: str) -> str:
    encoded = bytes(metadata_of(data, field) or b"null")
    if not encoded.startswith(b"{"):
        raise InvalidFieldError.of(field, "must be a JSON object")
    return encoded.decode()


def _json_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
