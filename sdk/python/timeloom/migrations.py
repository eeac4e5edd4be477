"""What the client of migrations returns: frozen values, with the names of the API's contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from timeloom.exports import ExportSource


class MigrationStatus(StrEnum):
    """How far a migration is."""

    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    PLANNING = "PLANNING"
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    WAITING = "WAITING"
    VERIFYING = "VERIFYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def is_working(self) -> bool:
        """Whether it gets on by itself."""
        return self in (self.PLANNING, self.RUNNING, self.VERIFYING, self.ROLLING_BACK)


class RecordFamily(StrEnum):
    """What a record's key tells that it is."""

    UNKNOWN = "UNKNOWN"
    TASKS = "TASKS"
    ENVIRONMENTS = "ENVIRONMENTS"
    PREFERENCES = "PREFERENCES"
    AGENT_SESSIONS = "AGENT_SESSIONS"
    MEMORIES = "MEMORIES"
    OFFLINE_QUEUE = "OFFLINE_QUEUE"
    FORM = "FORM"
    SECRET = "SECRET"  # noqa: S105 - a family of records
    CACHE = "CACHE"
    BACKUP = "BACKUP"


class ConflictResolution(StrEnum):
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


class MigrationAction(StrEnum):
    """What a migration does with one resource."""

    CREATE = "CREATE"
    MERGE = "MERGE"
    OVERWRITE = "OVERWRITE"
    RENAME = "RENAME"
    SKIP = "SKIP"
    REFUSE = "REFUSE"
    ASK = "ASK"
    KEEP = "KEEP"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationCounts:
    """How many resources a migration handles, by what it does with them, and how many of all are done."""

    create: int
    merge: int
    overwrite: int
    rename: int
    skip: int
    refuse: int
    ask: int
    keep: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One import of a browser's data.

    Attributes:
        sha256: Of the whole export, in lower-case hex.
        progress: From 0 to 1; it never falls but when it is rolled back.
        counts: What is planned and done so far; None before there is a plan.
        error: Why it failed, or what the verification found.
    """

    id: str
    status: MigrationStatus
    source: ExportSource
    conflict_resolution: ConflictResolution
    secret_policy: SecretPolicy
    sha256: str
    record_count: int
    received_record_count: int
    progress: float
    counts: MigrationCounts | None
    open_conflict_count: int
    error: str
    workflow_execution_id: str
    can_roll_back: bool
    create_time: datetime | None
    update_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationItem:
    """A resource that a record contains, with what becomes of it.

    Attributes:
        number: Its place among all of the migration, from 1 on.
        record_index: The place of its record in the export, from 0 on.
        key: The record's key.
        source_id: What it was called in the record.
        table: What it becomes; empty if it becomes none.
        target_id: What it is called here; empty if it becomes nothing.
        reason: Why; it never contains values.
        fields: Those that differ from what is there.
    """

    number: int
    record_index: int
    key: str
    family: RecordFamily
    source_id: str
    table: str
    target_id: str
    action: MigrationAction
    reason: str
    done: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationConflict:
    """A resource that a person has to decide about, or that a rollback left alone.

    Attributes:
        existing: What is there.
        incoming: What the migration would make of it.
        resolution: None while it is open.
    """

    id: str
    item: MigrationItem
    existing: Any
    incoming: Any
    from_rollback: bool
    resolution: ConflictResolution | None
    create_time: datetime | None
    resolve_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationProblem:
    """A resource that is not as it should be after the migration."""

    item_number: int
    table: str
    target_id: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found; of the problems the first ones."""

    ok: bool
    checked_count: int
    problems: tuple[VerificationProblem, ...]
    problem_count: int
    time: datetime | None
