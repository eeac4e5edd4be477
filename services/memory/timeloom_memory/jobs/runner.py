"""Does jobs: takes what is due, keeps its lease while it works, and ends it one way or the other.

A runner that dies keeps nobody waiting for longer than a lease: then another one takes the job and goes on
from its checkpoint. One that was only cut off is refused when it writes, because its lease has another id.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID, uuid4

import structlog

from timeloom_memory.jobs.answers import job_updated
from timeloom_memory.jobs.hints import JobHints
from timeloom_memory.jobs.model import (
    DOCUMENT_LENGTH_MAX,
    ERROR_LENGTH_MAX,
    Handler,
    Job,
    JobCancelledError,
    JobKind,
    JobLostError,
    JobState,
)
from timeloom_memory.storage import jobs as storage
from timeloom_platform import outbox
from timeloom_platform.bell import wait
from timeloom_platform.database import Connection, Database, map_database_error
from timeloom_platform.errors import TimeloomError

CONCURRENT_MAX: Final = 2
"""The jobs that one process does at a time: requests go first."""

LEASE_SECONDS: Final = 30.0
HEARTBEATS_PER_LEASE: Final = 3
POLL_SECONDS: Final = 2.0
ATTEMPTS_MAX: Final = 6
RETRY_SECONDS: Final = 2.0
RETRY_SECONDS_MAX: Final = 300.0
RELEASE_TIMEOUT_SECONDS: Final = 2.0
KEEP_ENDED: Final = timedelta(days=30)
TIDY_SECONDS: Final = 3600.0
TIDY_JOBS_MAX: Final = 10_000

PASSING: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED"})
"""Statuses of failures after which trying again may help."""

T = TypeVar("T")

logger = structlog.get_logger(__name__)


class RunningJob:
    """A job and its lease."""

    def __init__(
        self, job: Job, *, lease_id: UUID, lease: timedelta, database: Database, hints: JobHints
    ) -> None:
        self.job = job
        self.lease_id = lease_id
        self.lease = lease
        self._database = database
        self._hints = hints

    async def advance(
        self,
        *,
        phase: str,
        done: int,
        total: int,
        checkpoint: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Stores how far the job is, and tells it."""
        assert len(checkpoint or "") <= DOCUMENT_LENGTH_MAX, "a checkpoint says where to go on, and no more"
        if connection is None:
            async with self._database.transaction(str(self.job.project_id)) as own:
                await self.advance(phase=phase, done=done, total=total, checkpoint=checkpoint, connection=own)
            self._hints.changed.ring(self.job.id)
            return
        advanced = await storage.advance(
            connection,
            self.job,
            self.lease_id,
            self.lease,
            phase=phase,
            done=done,
            total=total,
            checkpoint=checkpoint,
        )
        if self._is_to_end(advanced):
            raise JobCancelledError
        await outbox.enqueue(connection, str(self.job.project_id), [job_updated(self.job)])

    async def renew(self) -> None:
        """Keeps the job for another lease.

        Raises:
            JobLostError: Another runner has it.
            JobCancelledError: Somebody wants it to end.
        """
        async with self._database.transaction(str(self.job.project_id)) as connection:
            renewed = await storage.renew(connection, self.job, self.lease_id, self.lease)
        if self._is_to_end(renewed):
            raise JobCancelledError

    async def condemn(self, error: str) -> None:
        """Stores why the job fails, so that whoever goes on with it cleans up."""
        async with self._database.transaction(str(self.job.project_id)) as connection:
            self._accept(await storage.condemn(connection, self.job, self.lease_id, error[:ERROR_LENGTH_MAX]))

    async def release(self, delay_seconds: float = 0.0) -> None:
        """Lets any runner take the job after a while."""
        async with self._database.transaction(str(self.job.project_id)) as connection:
            await storage.release(connection, self.job, self.lease_id, timedelta(seconds=delay_seconds))

    async def end(self, state: JobState, report: str | None = None) -> None:
        """Ends the job for good, and tells it."""
        async with self._database.transaction(str(self.job.project_id)) as connection:
            ended = await storage.end(connection, self.job, self.lease_id, state=state, report=report)
            self._accept(ended)
            await outbox.enqueue(connection, str(self.job.project_id), [job_updated(self.job)])
        self._hints.changed.ring(self.job.id)

    def _accept(self, job: Job | None) -> Job:
        if job is None:
            raise JobLostError
        self.job = job
        return job

    def _is_to_end(self, job: Job | None) -> bool:
        """Whether the job was cancelled since it was begun; cleaning up is no reason to stop."""
        was_cancelled = self.job.is_cancelled
        return self._accept(job).is_cancelled and not was_cancelled


class JobRunner:
    """Takes jobs of all projects and does them. Any number of replicas may run one."""

    def __init__(
        self,
        *,
        database: Database,
        handlers: Mapping[JobKind, Handler],
        hints: JobHints,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._hints = hints
        self._lease = timedelta(seconds=lease_seconds)
        self._poll_seconds = poll_seconds
        self._free = asyncio.Semaphore(CONCURRENT_MAX)

    async def run(self) -> None:
        """Works until it is cancelled; what it has not finished then, another runner goes on with at once."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            while True:
                await self._free.acquire()
                running = await self._claim()
                if running is None:
                    self._free.release()
                    await wait(self._hints.has_work, self._poll_seconds * random.uniform(0.9, 1.1))  # noqa: S311
                else:
                    task = tasks.create_task(self._work(running))
                    task.add_done_callback(lambda _: self._free.release())

    async def _claim(self) -> RunningJob | None:
        lease_id = uuid4()
        try:
            async with self._database.system_transaction() as connection:
                job = await storage.claim(connection, lease_id, self._lease, list(self._handlers))
        except Exception as error:
            logger.warning("no job taken", exc_info=error)
            return None
        if job is None:
            return None
        return RunningJob(
            job, lease_id=lease_id, lease=self._lease, database=self._database, hints=self._hints
        )

    async def _work(self, running: RunningJob) -> None:
        """Does one job; nothing that goes wrong with it reaches the others."""
        log = logger.bind(job=str(running.job.id), kind=running.job.kind.name)
        try:
            await self._do(running)
            if running.job.has_ended:
                log.info("job ended", state=running.job.state.name)
        except JobLostError:
            log.warning("job lost to another runner")
        except asyncio.CancelledError:
            await self._hand_over(running)
            raise
        except Exception as error:
            log.warning("job interrupted", exc_info=error)

    async def _do(self, running: RunningJob) -> None:
        job, handler = running.job, self._handlers[running.job.kind]
        if not job.is_cancelled and not job.error and await self._is_dealt_with(running, handler):
            return
        await self._with_heartbeat(running, handler.clean_up(running))
        await running.end(JobState.CANCELLED if running.job.is_cancelled else JobState.FAILED)

    async def _is_dealt_with(self, running: RunningJob, handler: Handler) -> bool:
        """Runs a job; False if it was cancelled or has failed, and is to be cleaned up."""
        if running.job.attempts > ATTEMPTS_MAX:
            await running.condemn("it was begun again and again, and never got on")
            return False
        try:
            report = await self._with_heartbeat(running, handler.run(running))
        except JobCancelledError:
            return False
        except JobLostError:
            raise
        except Exception as error:  # noqa: BLE001 - what it means for the job is decided there
            return await self._is_put_off(running, error)
        await running.end(JobState.SUCCEEDED, report)
        return True

    async def _is_put_off(self, running: RunningJob, error: Exception) -> bool:
        """Lets the job be tried again later, if that may help; else it fails."""
        told = error if isinstance(error, TimeloomError) else map_database_error(error)
        attempts = running.job.attempts
        if told is not None and told.status in PASSING and attempts < ATTEMPTS_MAX:
            delay = min(RETRY_SECONDS * 2.0**attempts, RETRY_SECONDS_MAX)
            logger.info("job put off", job=str(running.job.id), seconds=delay, reason=told.message)
            await running.release(delay)
            return True
        if told is None:
            logger.error("job failed", job=str(running.job.id), exc_info=error)
        await running.condemn(told.message if told else "a defect in Timeloom; see the service's log")
        return False

    async def _with_heartbeat(self, running: RunningJob, work: Coroutine[object, object, T]) -> T:
        """Works while the lease is kept; stops when it is lost, or the job is to end."""
        task = asyncio.ensure_future(work)
        seconds = self._lease.total_seconds() / HEARTBEATS_PER_LEASE
        with self._hints.cancelled.heard(running.job.id) as something_happened:
            task.add_done_callback(lambda _: something_happened.set())
            try:
                while not task.done():
                    await wait(something_happened, seconds)
                    if not task.done():
                        await self._keep(running)
                return await task
            finally:
                task.cancel()
                await asyncio.wait([task])

    async def _keep(self, running: RunningJob) -> None:
        try:
            await running.renew()
        except (JobLostError, JobCancelledError):
            raise
        except Exception as error:
            if map_database_error(error) is None and not isinstance(error, TimeloomError):
                raise
            # It may be back before the lease ends.
            logger.warning("lease not renewed", job=str(running.job.id), exc_info=error)

    async def _hand_over(self, running: RunningJob) -> None:
        """Gives the job back, so that others need not wait for the end of its lease; if there is time."""
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_SECONDS):
                await running.release()
        except Exception as error:
            logger.debug("job not handed over", job=str(running.job.id), exc_info=error)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
            try:
                async with self._database.system_transaction() as connection:
                    await storage.delete_ended(connection, KEEP_ENDED, TIDY_JOBS_MAX)
            except Exception as error:
                logger.warning("old jobs not deleted", exc_info=error)
