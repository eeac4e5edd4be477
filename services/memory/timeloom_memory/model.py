"""The nouns of the service as values. The numbers of the enums are those of the contract.

They are msgspec's structs: a search makes hundreds of them and a batch a thousand, and their JSON is what the
statements that write them take.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt
from msgspec import Struct

IMPORTANCE_DEFAULT: Final = 5.0
CONFIDENCE_DEFAULT: Final = 0.5
CUSTOM_MODEL: Final = "custom"
"""The model of vectors whose caller names none."""

Matrix: TypeAlias = npt.NDArray[np.float32]
"""A vector, or vectors in rows."""


class MemoryKind(IntEnum):
    """What a memory is about."""

    CONVERSATION = 1
    TASK_EXECUTION = 2
    USER_PREFERENCE = 3
    LEARNED_PATTERN = 4
    ERROR_RESOLUTION = 5
    CONTEXT_SUMMARY = 6
    KNOWLEDGE = 7
    SKILL = 8


class Change(IntEnum):
    """Why a version of a memory was made."""

    CREATED = 1
    UPDATED = 2
    SUPERSEDED = 3
    ARCHIVED = 4
    RESTORED = 5
    DELETED = 6
    MERGED = 7
    CONFIDENCE = 8
    CLUSTERED = 9
    EMBEDDED = 10


class Part(IntEnum):
    """What a vector of a memory is made of."""

    CONTENT = 0
    CONTEXT = 1
    """The context, and the content after it."""


class Memory(Struct, frozen=True, kw_only=True):
    """One thing that an agent remembers: the columns of its row, and how it is used.

    Attributes:
        number: Names this content version to the index in memory.
        metadata: A JSON document as text; None if there is none.
        content_version: Counts the versions that have another content, context or vector than the one before.
        embedding_model: What its vector comes from; empty if it has none.
        access_count: From the usage, which is no part of a version.
        last_access_time: Likewise.
    """

    id: UUID
    number: int
    namespace: str
    key: str
    agent_id: str
    session_id: str
    kind: int
    content: str
    context: str
    metadata: str | None
    tags: tuple[str, ...]
    importance: float
    confidence: float
    occur_time: datetime
    valid_from: datetime
    valid_to: datetime | None
    expire_time: datetime | None
    archived: bool
    cluster_id: UUID | None
    superseded_by: UUID | None
    supersedes: UUID | None
    source_ids: tuple[UUID, ...]
    version: int
    content_version: int
    sequence: int
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None
    embedding_model: str
    dimension: int
    access_count: int = 0
    last_access_time: datetime | None = None


class MemoryVersion(Struct, frozen=True, kw_only=True):
    """A memory as it was from one change to the next; `known_to` is None for the current version."""

    memory: Memory
    change: Change
    reason: str
    agent_id: str
    known_from: datetime
    known_to: datetime | None


class MemoryFilter(Struct, frozen=True, kw_only=True):
    """Which memories are wanted. What is empty does not restrict them.

    Attributes:
        metadata: A JSON object as text, which those of the memories must contain.
        valid_at: What held at this time; what holds now if None, unless `include_superseded`.
        as_of: As it was known at this time.
    """

    kinds: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    any_tags: tuple[str, ...] = ()
    agent_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    cluster_ids: tuple[UUID, ...] = ()
    memory_ids: tuple[UUID, ...] = ()
    metadata: str = ""
    occur_after: datetime | None = None
    occur_before: datetime | None = None
    importance_min: float = 0.0
    confidence_min: float = 0.0
    valid_at: datetime | None = None
    as_of: datetime | None = None
    include_superseded: bool = False
    include_archived: bool = False
    include_expired: bool = False
    include_deleted: bool = False


class Namespace(Struct, frozen=True, kw_only=True):
    """Where memories live.

    Attributes:
        embedding_model: What makes vectors of the texts here; empty if only their writers give them.
        version: Counts the changes of its own fields.
    """

    name: str
    description: str
    embedding_model: str
    memory_count: int
    sequence: int
    version: int
    create_time: datetime
    update_time: datetime


class MemoryPolicy(Struct, frozen=True, kw_only=True):
    """What becomes of a project's memories by itself.

    Attributes:
        decay_model: The number of the contract's enum.
        half_life_days: After so many days without use an exponential memory is half forgotten.
        purge_deleted_after_days: What was deleted is purged then.
        purge_expired_after_days: What expired is purged then; never if None.
        archive_retention_below: What is less likely to be recalled is archived; nothing if zero.
        archive_importance_below: What is at least this important is never archived by itself.
        update_time: None if the project has never set one.
    """

    decay_model: int = 1
    half_life_days: float = 30.0
    purge_deleted_after_days: int = 30
    purge_expired_after_days: int | None = None
    archive_retention_below: float = 0.0
    archive_importance_below: float = 8.0
    update_time: datetime | None = None
