"""What the memory client returns and takes: frozen values, with the names of the API's contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, overload

Vector = Sequence[float]
"""Numbers of one length for each model: a list, a tuple or an array."""

SCORE_MIN: Final = 0.15
"""What has little to do with a query scores less; contexts leave it out unless they are asked not to."""


class MemoryKind(StrEnum):
    """What a memory is about."""

    CONVERSATION = "CONVERSATION"
    TASK_EXECUTION = "TASK_EXECUTION"
    USER_PREFERENCE = "USER_PREFERENCE"
    LEARNED_PATTERN = "LEARNED_PATTERN"
    ERROR_RESOLUTION = "ERROR_RESOLUTION"
    CONTEXT_SUMMARY = "CONTEXT_SUMMARY"
    KNOWLEDGE = "KNOWLEDGE"
    SKILL = "SKILL"


class MemoryChange(StrEnum):
    """Why a version of a memory was made."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    SUPERSEDED = "SUPERSEDED"
    ARCHIVED = "ARCHIVED"
    RESTORED = "RESTORED"
    DELETED = "DELETED"
    MERGED = "MERGED"
    CONFIDENCE = "CONFIDENCE"
    CLUSTERED = "CLUSTERED"
    EMBEDDED = "EMBEDDED"


class Permission(StrEnum):
    """What a principal may do; to write is to read, too."""

    READ = "READ"
    WRITE = "WRITE"


class Stance(StrEnum):
    """What an agent thinks of a memory."""

    CONFIRMS = "CONFIRMS"
    CONTRADICTS = "CONTRADICTS"


class ConflictPolicy(StrEnum):
    """What happens when both sides of a synchronisation have a memory of the same key, or near-duplicates."""

    NEWEST = "NEWEST"
    IMPORTANCE = "IMPORTANCE"
    MOST_ACCESSED = "MOST_ACCESSED"
    MERGE = "MERGE"
    KEEP_BOTH = "KEEP_BOTH"


class SyncAction(StrEnum):
    """What was done about one memory of the source."""

    COPIED = "COPIED"
    UNCHANGED = "UNCHANGED"
    KEPT_TARGET = "KEPT_TARGET"
    TOOK_SOURCE = "TOOK_SOURCE"
    MERGED = "MERGED"
    KEPT_BOTH = "KEPT_BOTH"


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "OPEN"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    UNDONE = "UNDONE"


class JobKind(StrEnum):
    """What a job does."""

    CLUSTER = "CLUSTER"
    OPTIMIZE = "OPTIMIZE"
    REEMBED = "REEMBED"


class JobState(StrEnum):
    """How a job stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class SummaryMethod(StrEnum):
    """How a summary is made: of the memories' own sentences, or by a language model."""

    EXTRACTIVE = "EXTRACTIVE"
    GENERATIVE = "GENERATIVE"


class ClusterMethod(StrEnum):
    """How clusters are found."""

    KMEANS = "KMEANS"
    HDBSCAN = "HDBSCAN"


class DecayModel(StrEnum):
    """How memories fade."""

    ACT_R = "ACT_R"
    FSRS = "FSRS"
    EXPONENTIAL = "EXPONENTIAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMemory:
    """A memory to be created. What is left out has the server's default.

    Attributes:
        content: The text, kept as it is.
        namespace: Where it lives; that of the agent, or `project`, if empty.
        memory_id: A UUID of the caller's own: creating it again changes nothing.
        key: The caller's own identifier, unique in the namespace.
        context: What came before it; of a memory with a session, that session's previous memory if empty.
        metadata: Any JSON value.
        importance: From 1 to 10; 5 if zero.
        vector: The caller's own; without one the namespace's model makes it.
        vector_model: Where the vector comes from; `custom` if empty.
    """

    content: str
    namespace: str = ""
    memory_id: str = ""
    key: str = ""
    agent_id: str = ""
    session_id: str = ""
    kind: MemoryKind | None = None
    context: str = ""
    metadata: Any = None
    tags: Sequence[str] = ()
    importance: float = 0.0
    occur_time: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expire_time: datetime | None = None
    vector: Vector = field(default=(), repr=False)
    vector_model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing that an agent remembers.

    Attributes:
        content: The text, as it was written; empty where a batch's answer leaves it out.
        confidence: How far it is to be trusted, from 0 to 1.
        occur_time: When what it says happened.
        valid_to: Until when it held; None while it holds.
        sequence: The position of its last change: what a search takes as `min_sequence`.
        delete_time: When it was deleted; None unless it is.
        vector: Where it was asked for.
    """

    id: str
    namespace: str
    key: str
    agent_id: str
    session_id: str
    kind: MemoryKind
    content: str
    context: str = field(repr=False)
    metadata: Any
    tags: tuple[str, ...]
    importance: float
    confidence: float
    occur_time: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    expire_time: datetime | None
    access_count: int
    last_access_time: datetime | None
    archived: bool
    cluster_id: str
    superseded_by: str
    supersedes: str
    source_ids: tuple[str, ...]
    embedding_model: str
    dimension: int
    version: int
    sequence: int
    create_time: datetime | None
    update_time: datetime | None
    delete_time: datetime | None
    etag: str
    vector: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryVersion:
    """A memory as it was from one change to the next; `known_to` is None for the current version."""

    memory: Memory
    change: MemoryChange
    reason: str
    agent_id: str
    known_from: datetime | None
    known_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFilter:
    """Which memories are meant. What is left out does not count; all else must hold.

    Attributes:
        tags: All of these.
        any_tags: At least one of these.
        metadata: A JSON object that theirs contain, member by member.
        valid_at: What held at this time; what holds now if None, unless `include_superseded`.
        as_of: As it was known at this time, without what came later.
    """

    kinds: Sequence[MemoryKind] = ()
    tags: Sequence[str] = ()
    any_tags: Sequence[str] = ()
    agent_ids: Sequence[str] = ()
    session_ids: Sequence[str] = ()
    cluster_ids: Sequence[str] = ()
    memory_ids: Sequence[str] = ()
    metadata: Any = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How signals become a score: weights of the lists, and strengths of the boosts, up to 0.2."""

    semantic: float | None = None
    keyword: float | None = None
    context: float | None = None
    recency: float | None = None
    importance: float | None = None
    frequency: float | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySearch:
    """One of several searches that are done at once.

    Attributes:
        query: What to look for.
        vector: Looked for instead of the query's own, or besides it.
        vector_model: Where the vector comes from; `custom` if empty.
        namespaces: Where: in these and what is below them; in all that may be read if empty.
        limit: At most this many; 10 if zero.
        min_sequence: The `sequence` of a write that the search must see.
        explain: With what each signal contributed.
        collapse_duplicates: Of near-duplicates only the best.
        similarity_min: Only what is at least this alike, as a cosine.
        score_min: Only what scores at least this; `SCORE_MIN` leaves out what has little to do with it.
        silent: Do not count it as a use of what is found.
        reference_time: What "today" means in the query; now if None.
    """

    query: str = ""
    vector: Vector = field(default=(), repr=False)
    vector_model: str = ""
    namespaces: Sequence[str] = ()
    filter: MemoryFilter | None = None
    limit: int = 0
    min_sequence: int = 0
    explain: bool = False
    collapse_duplicates: bool = False
    ranking: Ranking | None = None
    similarity_min: float = 0.0
    score_min: float | None = None
    silent: bool = False
    reference_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one signal contributed to a score; `rank` is 0 where it has no list or the memory is not in it."""

    rank: int
    value: float
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What each signal contributed; None for those that did not count.

    The first four are added up, and the boosts multiply the sum.

    Attributes:
        context: The words of its context, with its own.
        context_semantic: The meaning of its context, with its own.
    """

    semantic: Signal | None
    keyword: Signal | None
    context: Signal | None
    context_semantic: Signal | None
    recency: Signal | None
    importance: Signal | None
    frequency: Signal | None
    time: Signal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A memory that was found; `duplicate_ids` are near-duplicates that it stands for."""

    memory: Memory
    score: float
    signals: Signals | None
    duplicate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """A time that a query names, and the words that say so."""

    from_time: datetime | None
    to_time: datetime | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults(Sequence[SearchResult]):
    """What a search found, best first; `sequence` is up to which change it has seen everything."""

    results: tuple[SearchResult, ...]
    sequence: int
    time_range: TimeRange | None

    @overload
    def __getitem__(self, index: int) -> SearchResult: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[SearchResult, ...]: ...

    def __getitem__(self, index: int | slice) -> SearchResult | tuple[SearchResult, ...]:
        """Return a result, or some of them."""
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryContext:
    """A text to paste into a prompt, and what it is made of."""

    text: str
    results: tuple[SearchResult, ...]
    token_count: int
    tokenizer: str
    sequence: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Where memories live, and what holds for all of them."""

    name: str
    description: str
    embedding_model: str
    memory_count: int
    sequence: int
    create_time: datetime | None
    update_time: datetime | None
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A permission on a namespace, or on a memory, that a principal was given."""

    id: str
    namespace: str
    memory_id: str
    principal: str
    permission: Permission
    granted_by: str
    create_time: datetime | None
    expire_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Agents that share what is in `team/<id>`."""

    id: str
    agent_ids: tuple[str, ...]
    update_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An agent's wish to learn of new memories; `sequence` is up to where it has read."""

    id: str
    agent_id: str
    namespaces: tuple[str, ...]
    kinds: tuple[MemoryKind, ...]
    tags: tuple[str, ...]
    sequence: int
    create_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsPage(Sequence[Memory]):
    """What a subscription has that is new, oldest first; acknowledge `sequence` when it was taken in."""

    memories: tuple[Memory, ...]
    sequence: int

    @overload
    def __getitem__(self, index: int) -> Memory: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Memory, ...]: ...

    def __getitem__(self, index: int | slice) -> Memory | tuple[Memory, ...]:
        """Return a memory, or some of them."""
        return self.memories[index]

    def __len__(self) -> int:
        return len(self.memories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an agent found out about a memory."""

    id: str
    memory_id: str
    agent_id: str
    stance: Stance
    note: str
    evidence_memory_id: str
    create_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOutcome:
    """What became of one memory of the source; `similarity` is 0 if the two met by their key."""

    source_id: str
    target_id: str
    result_id: str
    action: SyncAction
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarySentence:
    """A sentence of a summary and where it comes from."""

    text: str
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What memories say in short; `memory` is there if it was saved."""

    text: str
    sentences: tuple[SummarySentence, ...]
    source_ids: tuple[str, ...]
    token_count: int
    tokenizer: str
    memory: Memory | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Memories that are about the same; `silhouette` says how well they fit, from -1 to 1."""

    id: str
    namespace: str
    name: str
    terms: tuple[str, ...]
    memory_count: int
    silhouette: float
    representative_ids: tuple[str, ...]
    update_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Near-duplicates that may become one memory: the first would stay."""

    id: str
    namespace: str
    memory_ids: tuple[str, ...]
    similarity: float
    state: ProposalState
    create_time: datetime | None
    update_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work in the background: `done_count` of `total_count` of its phase are done."""

    id: str
    kind: JobKind
    namespace: str
    state: JobState
    dry_run: bool
    phase: str
    done_count: int
    total_count: int
    report: Any
    error: str
    create_time: datetime | None
    update_time: datetime | None
    end_time: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in (JobState.PENDING, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many memories there are of something."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStats:
    """A part of the index in a replica's memory."""

    namespace: str
    embedding_model: str
    dimension: int
    vector_count: int
    structure: str
    size_bytes: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStats:
    """A model that makes vectors."""

    embedding_model: str
    dimension: int
    loaded: bool
    text_count: int
    cache_hit_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStats:
    """How many memories there are, and how the index and the models of the replica that answered are."""

    memory_count: int
    archived_count: int
    superseded_count: int
    deleted_count: int
    version_count: int
    kinds: tuple[Count, ...]
    agents: tuple[Count, ...]
    namespaces: tuple[Count, ...]
    shards: tuple[ShardStats, ...]
    models: tuple[ModelStats, ...]
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPolicy:
    """What becomes of a project's memories by itself.

    Attributes:
        half_life_days: For exponential decay.
        purge_deleted_after_days: What was deleted is purged then; 30 if None.
        purge_expired_after_days: What expired is purged then; never if None.
        archive_retention_below: What is less likely to be recalled is archived; nothing if zero.
        archive_importance_below: What is at least this important is never archived by itself.
    """

    decay_model: DecayModel = DecayModel.ACT_R
    half_life_days: float = 0.0
    purge_deleted_after_days: int | None = None
    purge_expired_after_days: int | None = None
    archive_retention_below: float = 0.0
    archive_importance_below: float = 0.0
    update_time: datetime | None = None
