"""Jobs and their leases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_memory.jobs.model import Job, JobKind, JobState
from timeloom_memory.storage.predicates import Parameters
from timeloom_platform.database import Connection

_COLUMNS: Final = ", ".join(Job.__struct_fields__)

_COUNT_ACTIVE: Final = "SELECT count(*) FROM jobs WHERE project_id = $1 AND end_time IS NULL"

_INSERT: Final = f"""
INSERT INTO jobs (
    project_id, id, kind, namespace, state, dry_run, agent_id, parameters, due_time, create_time, update_time
)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7, now(), now(), now())
ON CONFLICT (project_id, namespace, kind) WHERE end_time IS NULL AND NOT dry_run DO NOTHING
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_SELECT_ACTIVE: Final = """
SELECT id FROM jobs
WHERE project_id = $1 AND namespace = $2 AND kind = $3 AND end_time IS NULL AND NOT dry_run
"""

_SELECT: Final = f"SELECT {_COLUMNS} FROM jobs WHERE project_id = $1 AND id = $2"  # noqa: S608 - constants

_CLAIM: Final = f"""
UPDATE jobs
SET
    state = 2,
    lease_id = $1,
    due_time = now() + $2::interval,
    attempts = attempts + 1,
    update_time = now()
WHERE (project_id, id) = (
    SELECT project_id, id
    FROM jobs
    WHERE end_time IS NULL AND due_time <= now() AND kind = ANY($3::smallint[])
    ORDER BY due_time
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_RENEW: Final = f"""
UPDATE jobs
SET due_time = now() + $4::interval
WHERE project_id = $1 AND id = $2 AND lease_id = $3
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_ADVANCE: Final = f"""
UPDATE jobs
SET
    phase = $5,
    done_count = $6,
    total_count = $7,
    checkpoint = coalesce($8, checkpoint),
    attempts = CASE
        WHEN (phase, done_count, checkpoint) IS DISTINCT FROM ($5, $6, coalesce($8, checkpoint)) THEN 0
        ELSE attempts
    END,
    due_time = now() + $4::interval,
    update_time = now()
WHERE project_id = $1 AND id = $2 AND lease_id = $3
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_CONDEMN: Final = f"""
UPDATE jobs
SET error = $4, update_time = now()
WHERE project_id = $1 AND id = $2 AND lease_id = $3
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_RELEASE: Final = """
UPDATE jobs
SET state = 1, lease_id = NULL, due_time = now() + $4::interval, update_time = now()
WHERE project_id = $1 AND id = $2 AND lease_id = $3
"""

_END: Final = f"""
UPDATE jobs
SET state = $4, report = $5, lease_id = NULL, update_time = now(), end_time = now()
WHERE project_id = $1 AND id = $2 AND lease_id = $3
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

# A job that nobody has begun has nothing to clean up.
_CANCEL: Final = f"""
UPDATE jobs
SET
    is_cancelled = TRUE,
    phase = 'cancelling',
    state = CASE WHEN never_begun THEN 5 ELSE state END,
    end_time = CASE WHEN never_begun THEN now() END,
    due_time = CASE WHEN lease_id IS NULL THEN now() ELSE due_time END,
    update_time = now()
FROM (
    SELECT lease_id IS NULL AND attempts = 0 AND phase = '' AS never_begun
    FROM jobs
    WHERE project_id = $1 AND id = $2
    FOR UPDATE
) AS found
WHERE project_id = $1 AND id = $2 AND end_time IS NULL AND NOT is_cancelled
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants

_DELETE_ENDED: Final = """
DELETE FROM jobs
WHERE (project_id, id) IN (
    SELECT project_id, id FROM jobs WHERE end_time < now() - $1::interval ORDER BY end_time LIMIT $2
)
"""


class NewJob(Struct, frozen=True, kw_only=True):
    """A job that is to be begun; `parameters` is a JSON document."""

    id: UUID
    kind: JobKind
    namespace: str
    dry_run: bool
    agent_id: str
    parameters: str


async def count_active(connection: Connection, project_id: UUID) -> int:
    """Returns how many jobs of the project have not ended."""
    return int(await connection.fetchval(_COUNT_ACTIVE, project_id))


async def insert(connection: Connection, project_id: UUID, new: NewJob) -> Job | None:
    """Inserts a job that anybody may begin; None if another of its kind is at the namespace."""
    row = await connection.fetchrow(
        _INSERT, project_id, new.id, new.kind, new.namespace, new.dry_run, new.agent_id, new.parameters
    )
    return _job(row)


async def select_active(
    connection: Connection, project_id: UUID, *, namespace: str, kind: JobKind
) -> UUID | None:
    """Returns the job of a kind that is at the namespace; None if none is."""
    row = await connection.fetchrow(_SELECT_ACTIVE, project_id, namespace, kind)
    return None if row is None else row["id"]


async def select(connection: Connection, project_id: UUID, job_id: UUID) -> Job | None:
    """Returns a job; None if there is none."""
    return _job(await connection.fetchrow(_SELECT, project_id, job_id))


async def select_page(
    connection: Connection,
    parameters: Parameters,
    *,
    namespace: str,
    state: int,
    readable: str,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Job]:
    """Returns jobs, newest first: of a namespace and in a state, unless these are empty, that may be read."""
    conditions = ["project_id = $1", f"({readable})"]
    if namespace:
        conditions.append(f"namespace = {parameters.add(namespace)}")
    if state:
        conditions.append(f"state = {parameters.add(state)}")
    if before is not None:
        time, job_id = (parameters.add(part) for part in before)
        conditions.append(f"(create_time, id) < ({time}, {job_id})")
    # Only constants of this package and numbers of parameters are put together here.
    statement = f"""
        SELECT {_COLUMNS}
        FROM jobs
        WHERE {" AND ".join(conditions)}
        ORDER BY create_time DESC, id DESC
        LIMIT {parameters.add(limit)}
    """  # noqa: S608 - see above
    return _jobs(await connection.fetch(statement, *parameters.values))


async def claim(
    connection: Connection, lease_id: UUID, lease: timedelta, kinds: Sequence[JobKind]
) -> Job | None:
    """Takes the job of these kinds that is due for longest, of any project; None if none is."""
    return _job(await connection.fetchrow(_CLAIM, lease_id, lease, kinds))


async def renew(connection: Connection, job: Job, lease_id: UUID, lease: timedelta) -> Job | None:
    """Keeps a job for longer, and returns it as it is now; None if it was lost."""
    return _job(await connection.fetchrow(_RENEW, job.project_id, job.id, lease_id, lease))


async def advance(
    connection: Connection,
    job: Job,
    lease_id: UUID,
    lease: timedelta,
    *,
    phase: str,
    done: int,
    total: int,
    checkpoint: str | None,
) -> Job | None:
    """Writes how far a job is; None if it was lost."""
    row = await connection.fetchrow(
        _ADVANCE, job.project_id, job.id, lease_id, lease, phase, done, total, checkpoint
    )
    return _job(row)


async def condemn(connection: Connection, job: Job, lease_id: UUID, error: str) -> Job | None:
    """Writes why a job fails, before it is cleaned up; None if it was lost."""
    return _job(await connection.fetchrow(_CONDEMN, job.project_id, job.id, lease_id, error))


async def release(connection: Connection, job: Job, lease_id: UUID, delay: timedelta) -> None:
    """Lets anybody take a job after a while."""
    await connection.execute(_RELEASE, job.project_id, job.id, lease_id, delay)


async def end(
    connection: Connection, job: Job, lease_id: UUID, *, state: JobState, report: str | None
) -> Job | None:
    """Ends a job for good; None if it was lost."""
    return _job(await connection.fetchrow(_END, job.project_id, job.id, lease_id, state, report))


async def cancel(connection: Connection, project_id: UUID, job_id: UUID) -> Job | None:
    """Says that a job is to end; None if it has ended, or was told so before."""
    return _job(await connection.fetchrow(_CANCEL, project_id, job_id))


async def delete_ended(connection: Connection, age: timedelta, limit: int) -> int:
    """Deletes jobs of all projects that ended long ago; returns how many."""
    outcome = await connection.execute(_DELETE_ENDED, age, limit)
    return int(outcome.rpartition(" ")[2])


def _job(row: asyncpg.Record | None) -> Job | None:
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    values["kind"], values["state"] = JobKind(row["kind"]), JobState(row["state"])
    return Job(**values)


def _jobs(rows: Sequence[asyncpg.Record]) -> list[Job]:
    return [job for job in map(_job, rows) if job is not None]
