"""Jobs as values, and what those who do them have to know. The enums have the numbers of the contract."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_platform.errors import TimeloomError

ACTIVE_MAX: Final = 100
"""The jobs of a project that have not ended."""

ERROR_LENGTH_MAX: Final = 1000
DOCUMENT_LENGTH_MAX: Final = 1024 * 1024
"""The characters of a checkpoint or a report."""


class JobKind(IntEnum):
    """What a job does."""

    CLUSTER = 1
    OPTIMIZE = 2
    REEMBED = 3


class JobState(IntEnum):
    """How a job stands."""

    PENDING = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5


class Job(Struct, frozen=True, kw_only=True):
    """Work in the background.

    Attributes:
        agent_id: The agent that began it; empty if the project did.
        parameters: What it is asked to do, as a JSON document of its kind.
        phase: What it is at, in words.
        done_count: How much of the phase is done.
        checkpoint: From where it goes on, as a JSON document of its kind; None before it got anywhere.
        report: What it did, or would do, as a JSON document; None before it has ended.
        error: Why it fails, or has failed.
        is_cancelled: Somebody wants it to end.
        attempts: How often it was begun since it last got on.
    """

    project_id: UUID
    id: UUID
    kind: JobKind
    namespace: str
    state: JobState
    dry_run: bool
    agent_id: str
    parameters: str
    phase: str
    done_count: int
    total_count: int
    checkpoint: str | None
    report: str | None
    error: str
    is_cancelled: bool
    attempts: int
    create_time: datetime
    update_time: datetime
    end_time: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether it will never change again."""
        return self.end_time is not None


class JobLostError(Exception):
    """Another runner has the job by now: whoever is told so stops at once, and writes no more."""


class JobCancelledError(Exception):
    """Somebody wants the job to end."""


class JobFailedError(TimeloomError):
    """The job cannot be done, and trying again would not help."""

    status = "FAILED_PRECONDITION"
    reason = "CONFLICT"


class Work(Protocol):
    """A job under way, as those see it who do it."""

    @property
    def job(self) -> Job:
        """The job as it was stored last."""
        ...

    async def advance(
        self,
        *,
        phase: str,
        done: int,
        total: int,
        checkpoint: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Stores how far the job is, and tells it.

        Args:
            phase: What it is at, in words; never empty.
            done: How much of the phase is done.
            total: How much there is.
            checkpoint: From where another runner would go on; as before if None.
            connection: Store it with the transaction of this connection, which also keeps a runner that has
                lost the job from committing; in a transaction of its own if None.

        Raises:
            JobLostError: Another runner has the job.
            JobCancelledError: Somebody wants the job to end.
        """
        ...


class Handler(Protocol):
    """Does the jobs of a kind."""

    async def run(self, work: Work) -> str:
        """Does a job, from its checkpoint on if it has one, and returns its report as a JSON document.

        May be begun again at any time, also while a runner that was cut off still believes to have the job.
        """
        ...

    async def clean_up(self, work: Work) -> None:
        """Takes away what a job has left that was cancelled or has failed. May be begun again, too."""
        ...
