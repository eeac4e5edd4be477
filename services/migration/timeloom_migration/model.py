"""What the service keeps: migrations, their items, conflicts and verifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from timeloom_migration.lifecycle import Goal, Phase, Status
from timeloom_migration.planning.model import Action, Family, Resolution, SecretPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an export comes from."""

    origin: str = ""
    app: str = ""
    app_version: str = ""
    user_agent: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A resource that is not as it should be after the migration."""

    item_number: int
    table: str
    target_id: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found; of the problems the first ones."""

    checked_count: int = 0
    problem_count: int = 0
    problems: tuple[Problem, ...] = ()
    time: datetime

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return self.problem_count == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many items a migration has, by what it does with them."""

    by_action: dict[Action, int] = field(default_factory=dict[Action, int])
    done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One import.

    Attributes:
        phase: What is to be done next; nothing if it does not work.
        goal: What it was set going for.
        position: How many items the phase has passed.
        runs: How often it was set going.
        driven: Whether the workflow execution of its last run was begun.
        restarts: How often a run was begun anew because nothing happened any more.
    """

    project_id: UUID
    id: UUID
    status: Status
    phase: Phase = Phase.NOTHING
    goal: Goal = Goal.NONE
    source: Source
    conflict_resolution: Resolution
    secret_policy: SecretPolicy
    sha256: str
    record_count: int
    received_record_count: int = 0
    received_bytes: int = 0
    item_count: int = 0
    position: int = 0
    progress: float = 0.0
    error: str = ""
    runs: int = 0
    driven: bool = True
    restarts: int = 0
    workflow_execution_id: UUID | None = None
    verification: Verification | None = None
    version: int = 1
    create_time: datetime
    update_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def etag(self) -> str:
        """Changes whenever the migration does."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A migration with what is counted for it."""

    migration: Migration
    counts: Counts
    open_conflict_count: int


class Stage(IntEnum):
    """How far an item is; the numbers are stored."""

    READ = 1
    PLANNED = 2
    LOOKED_AT = 3
    DONE = 4
    TAKEN_BACK = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """A resource, with what becomes of it.

    Attributes:
        source_target_id: The id that the resource would have.
        unique_name: What only one resource may have, such as an environment's name.
        source_fields: The resource's fields, as JSON.
        source_action: What was decided without looking at what is there; empty if nothing was.
        source_reason: Why.
        resolution: What a person decided about it; None if nobody did.
        fields: What is written, as JSON.
        existing_mark: Of what was there when it was planned; empty if nothing was.
        before: What was there just before it was written, exactly; empty if nothing was, None if nobody
            has looked yet.
        mark: Tells that nobody has changed it since; empty before it was written.
    """

    number: int
    record_index: int
    key: str
    family: Family
    source_id: str
    table: str
    source_target_id: UUID | None
    unique_name: str = ""
    source_fields: str = field(repr=False)
    source_action: Action | None
    source_reason: str
    source_update_time: str | None
    resolution: Resolution | None = None
    action: Action | None = None
    target_id: UUID | None = None
    fields: str = field(default="{}", repr=False)
    changed: tuple[str, ...] = ()
    reason: str = ""
    stage: Stage = Stage.READ
    existing_mark: str = ""
    before: str | None = field(default=None, repr=False)
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An item that a person has to decide about, or that a rollback left alone."""

    id: UUID
    item: StoredItem
    existing: str | None = field(repr=False)
    incoming: str | None = field(repr=False)
    from_rollback: bool
    resolution: Resolution | None
    create_time: datetime
    resolve_time: datetime | None
