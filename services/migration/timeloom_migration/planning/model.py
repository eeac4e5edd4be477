"""What records, resources and plans are: the words that all parts of the service share.

Documents are JSON values as Python has them: dicts, lists, strings, numbers, booleans and None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
Fields: TypeAlias = Mapping[str, Json]


class Family(StrEnum):
    """What a record's key tells that it is; as in the contract, without the prefix."""

    UNKNOWN = "UNKNOWN"
    TASKS = "TASKS"
    ENVIRONMENTS = "ENVIRONMENTS"
    PREFERENCES = "PREFERENCES"
    AGENT_SESSIONS = "AGENT_SESSIONS"
    MEMORIES = "MEMORIES"
    OFFLINE_QUEUE = "OFFLINE_QUEUE"
    FORM = "FORM"
    SECRET = "SECRET"  # noqa: S105  # a family of records
    CACHE = "CACHE"
    BACKUP = "BACKUP"


class Resolution(StrEnum):
    """What a resource becomes whose id, or name, is taken."""

    SKIP = "SKIP"
    OVERWRITE = "OVERWRITE"
    MERGE = "MERGE"
    RENAME = "RENAME"
    ASK = "ASK"


class SecretPolicy(StrEnum):
    """What becomes of secrets that an app kept in clear."""

    SEAL = "SEAL"
    REFUSE = "REFUSE"
    DROP = "DROP"


class Action(StrEnum):
    """What a migration does with one resource."""

    CREATE = "CREATE"
    MERGE = "MERGE"
    OVERWRITE = "OVERWRITE"
    RENAME = "RENAME"
    SKIP = "SKIP"
    REFUSE = "REFUSE"
    ASK = "ASK"
    KEEP = "KEEP"


WRITING = frozenset({Action.CREATE, Action.MERGE, Action.OVERWRITE, Action.RENAME})
"""The actions that change something."""


class Table(StrEnum):
    """What a resource becomes a row of; `mutations` are applied by the sync service."""

    TASKS = "tasks"
    ENVIRONMENTS = "environments"
    PREFERENCES = "preferences"
    AGENT_SESSIONS = "agent_sessions"
    MEMORIES = "memories"
    MUTATIONS = "mutations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of what a browser kept.

    Attributes:
        index: Its place in the export, from 0 on.
        store: `localStorage`, or `indexedDB:<database>/<object store>`.
        key: What it was kept under.
        value: What was kept; what localStorage has is a string.
    """

    index: int
    store: str
    key: str
    value: Json = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSecret:
    """A secret that a record had in clear; a placeholder stands in its place from then on.

    Attributes:
        number: Its place among its record's, from 0 on.
        name: What it may be called, such as `githubToken`.
        value: The secret itself: it is sealed at once, or forgotten.
    """

    number: int
    name: str
    value: str = field(repr=False)


PLACEHOLDER_PREFIX = "timeloom:sealed:"


def placeholder(record_index: int, number: int) -> str:
    """Return what stands where a record's secret stood."""
    return f"{PLACEHOLDER_PREFIX}{record_index}/{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a whole export's records are read with.

    Attributes:
        migration_id: Whose they are.
        origin: Where they come from.
        app: The application's name.
        user_id: Whose data it is; empty if that is not known.
        secret_policy: What becomes of secrets.
    """

    migration_id: UUID
    origin: str
    app: str
    user_id: str
    secret_policy: SecretPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a record contains, as it would be here: nothing is known yet of what is there.

    Attributes:
        record_index: The place of its record in the export.
        key: The record's key.
        family: What the record is.
        source_id: What it was called in the record: its id there, or the record's key.
        table: What it becomes; None if it becomes nothing.
        target_id: Its id here: that of the record if it is a UUID, else one derived from origin, user, table
            and source id, so that the same data gets the same id however often it is migrated.
        fields: By their names in REST, with the words of enums without their prefix, as tables have them. Of
            a task: `title`, `status` (`COMPLETED`), `messages` (an array) …; of an environment also `secrets`
            (placeholders, by name); of a memory those of `NewMemory`, with `kind` as in REST
            (`MEMORY_KIND_…`) and `vector` as numbers; of a mutation those of `Mutation`, with `operation`
            as in REST and `value` as an object. Where a placeholder stands elsewhere, it stays.
        update_time: When its app changed it last, in RFC 3339 and UTC; None if that is not known.
        action: `KEEP`, `SKIP` or `REFUSE` if it is decided without looking at what is there; else None.
        reason: Why it is decided so, or what was done to make it fit; never a value.
    """

    record_index: int
    key: str
    family: Family
    source_id: str
    table: Table | None
    target_id: UUID | None
    fields: Fields = field(default_factory=dict[str, Json], repr=False)
    update_time: str | None = None
    action: Action | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A resource that is there under the id, or the name, that another one would get.

    Attributes:
        id: What it is called.
        fields: As in a resource. Of secrets only the names are known, as `secretNames`.
        update_time: When it was changed last, in RFC 3339 and UTC.
    """

    id: UUID
    fields: Fields = field(repr=False)
    update_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What becomes of a resource.

    Attributes:
        action: What is done.
        target_id: What it is called afterwards; None if nothing is written.
        fields: All that is written, as in a resource: a merge's result has every field that changes.
        changed: The names of the fields that differ from what is there.
        reason: Why; never a value.
    """

    action: Action
    target_id: UUID | None
    fields: Fields = field(repr=False)
    changed: tuple[str, ...] = ()
    reason: str = ""
