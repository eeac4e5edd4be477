"""Jobs: done once, by whoever is there, from where the one before stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
import pytest_asyncio

from tests.integration.memory.service import SECRET, MemoryClient, metadata_of, refused, running_service
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.assembly import ROOM
from timeloom_memory.jobs import runner
from timeloom_memory.jobs.hints import JobHints
from timeloom_memory.jobs.jobs import Jobs
from timeloom_memory.jobs.model import Job, JobFailedError, JobKind, JobLostError, JobState, Work
from timeloom_memory.jobs.runner import JobRunner
from timeloom_memory.storage import jobs as storage
from timeloom_platform.database import Database
from timeloom_platform.errors import (
    AlreadyExistsError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    UnavailableError,
)
from timeloom_platform.pagination import Cursors
from timeloom_platform.testing.conditions import eventually

PROJECT = uuid4()
LEASE_SECONDS = 2.0


class Counting:
    """Counts to ten, one step a transaction, and stops where it is told to."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.cleaned: list[UUID] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.faults: dict[int, list[Exception]] = {}
        self.lost_count = 0

    async def run(self, work: Work) -> str:
        try:
            return await self._count(work)
        except JobLostError:
            self.lost_count += 1
            raise

    async def _count(self, work: Work) -> str:
        start = int(work.job.checkpoint or 0)
        for step in range(start + 1, 11):
            if self.faults.get(step):
                raise self.faults[step].pop()
            self.steps.append(step)
            if step in self.gates:
                await self.gates[step].wait()
            await work.advance(phase="counting", done=step, total=10, checkpoint=str(step))
        return '{"counted":10}'

    async def clean_up(self, work: Work) -> None:
        self.cleaned.append(work.job.id)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, room=ROOM)
    yield database
    await database.close()


@pytest.fixture
def hints() -> JobHints:
    return JobHints()


@pytest.fixture
def jobs(database: Database, hints: JobHints) -> Jobs:
    return Jobs(database=database, cursors=Cursors(SECRET), hints=hints)


@asynccontextmanager
async def running(
    database: Database, handler: Counting, hints: JobHints, **options: Any
) -> AsyncGenerator[asyncio.Task[None]]:
    doing = JobRunner(
        database=database,
        handlers={JobKind.OPTIMIZE: handler},
        hints=hints,
        **{"poll_seconds": 0.05, **options},
    )
    task = asyncio.create_task(doing.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def ended(jobs: Jobs, job: Job) -> Job:
    async def look() -> Job | None:
        found = await jobs.get(PROJECT, job.id, as_agent_id="")
        return found if found.has_ended else None

    found = await eventually(look)
    assert found is not None
    return found


async def start(jobs: Jobs, namespace: str = "project", **options: Any) -> Job:
    return await jobs.start(PROJECT, JobKind.OPTIMIZE, namespace, **options)


async def test_a_job_is_done_and_reports(jobs: Jobs, database: Database, hints: JobHints) -> None:
    handler = Counting()
    begun = await start(jobs, parameters='{"a":1}', dry_run=True)
    assert (begun.state, begun.parameters, begun.done_count) == (JobState.PENDING, '{"a":1}', 0)
    async with running(database, handler, hints):
        done = await ended(jobs, begun)
    assert handler.steps == list(range(1, 11))
    assert (done.state, done.phase, done.done_count, done.total_count, done.report, done.error) == (
        JobState.SUCCEEDED,
        "counting",
        10,
        10,
        '{"counted":10}',
        "",
    )
    assert handler.cleaned == []


async def test_another_runner_goes_on_where_one_was_stopped(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    first, second = Counting(), Counting()
    first.gates[4] = asyncio.Event()
    job = await start(jobs)
    async with running(database, first, hints):
        await eventually(lambda: first.steps[-1:] == [4])
    async with running(database, second, hints):
        done = await ended(jobs, job)
    assert second.steps == list(range(4, 11))
    assert (done.state, done.error) == (JobState.SUCCEEDED, "")


async def test_a_runner_that_was_cut_off_writes_no_more(
    jobs: Jobs, database: Database, hints: JobHints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ends while it is stuck, as it would in a process that was stopped for a while."""
    monkeypatch.setattr(runner, "CONCURRENT_MAX", 1)
    first, second = Counting(), Counting()
    first.gates[4] = asyncio.Event()
    job = await start(jobs)
    async with running(database, first, hints):
        await eventually(lambda: first.steps[-1:] == [4])
        async with database.system_transaction() as connection:
            await connection.execute("UPDATE jobs SET due_time = now()")
        second.gates[6] = asyncio.Event()
        async with running(database, second, JobHints()):
            await eventually(lambda: second.steps[-1:] == [6])
            first.gates[4].set()
            await eventually(lambda: first.lost_count == 1)
            second.gates[6].set()
            done = await ended(jobs, job)
    assert first.steps == [1, 2, 3, 4]
    assert second.steps == list(range(4, 11))
    assert done.state is JobState.SUCCEEDED


async def test_a_job_of_a_killed_process_is_finished_by_another(
    jobs: Jobs, database: Database, database_url: str, hints: JobHints
) -> None:
    job = await start(jobs)
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.memory.stuck_runner", database_url
    )
    try:

        async def is_stuck() -> bool:
            return (await jobs.get(PROJECT, job.id, as_agent_id="")).done_count == 3

        await eventually(is_stuck)
    finally:
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
    handler = Counting()
    async with running(database, handler, hints):
        done = await ended(jobs, job)
    assert handler.steps == list(range(4, 11))
    assert done.state is JobState.SUCCEEDED


async def test_a_lease_is_kept_while_a_job_takes_long(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    first, second = Counting(), Counting()
    first.gates[1] = asyncio.Event()
    job = await start(jobs)
    async with running(database, first, hints, lease_seconds=LEASE_SECONDS):
        await eventually(lambda: first.steps == [1])
        lease = await _due_time(database)
        async with running(database, second, JobHints(), lease_seconds=LEASE_SECONDS):

            async def is_renewed() -> bool:
                renewed = await _due_time(database) - lease
                return bool(renewed > timedelta(seconds=LEASE_SECONDS))

            await eventually(is_renewed)
            first.gates[1].set()
            done = await ended(jobs, job)
    assert second.steps == []
    assert done.state is JobState.SUCCEEDED


async def test_a_passing_failure_is_tried_again(
    jobs: Jobs, database: Database, hints: JobHints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RETRY_SECONDS", 0.0)
    handler = Counting()
    handler.faults[3] = [UnavailableError("no model"), UnavailableError("no model")]
    job = await start(jobs)
    async with running(database, handler, hints):
        done = await ended(jobs, job)
    assert handler.steps == list(range(1, 11))
    assert (done.state, done.error) == (JobState.SUCCEEDED, "")


async def test_a_failure_that_stays_is_given_up_and_cleaned_up(
    jobs: Jobs, database: Database, hints: JobHints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RETRY_SECONDS", 0.0)
    handler = Counting()
    handler.faults[3] = [UnavailableError("The model is away.") for _ in range(20)]
    job = await start(jobs)
    async with running(database, handler, hints):
        done = await ended(jobs, job)
    assert (done.state, done.error, done.done_count) == (JobState.FAILED, "The model is away.", 2)
    assert handler.cleaned == [job.id]
    # The first attempt got on, and so counts for none.
    assert len(handler.faults[3]) == 20 - 1 - runner.ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (JobFailedError("The namespace was deleted."), "The namespace was deleted."),
        (ZeroDivisionError("secret"), "a defect in Timeloom; see the service's log"),
    ],
)
async def test_what_cannot_succeed_fails_at_once(
    jobs: Jobs, database: Database, hints: JobHints, fault: Exception, error: str
) -> None:
    handler = Counting()
    handler.faults[2] = [fault]
    job = await start(jobs)
    async with running(database, handler, hints):
        done = await ended(jobs, job)
    assert (done.state, done.error, handler.steps, handler.cleaned) == (
        JobState.FAILED,
        error,
        [1],
        [job.id],
    )


async def test_a_job_that_always_kills_its_process_is_given_up(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    job = await start(jobs)
    async with database.system_transaction() as connection:
        await connection.execute("UPDATE jobs SET attempts = $1", runner.ATTEMPTS_MAX)
    handler = Counting()
    async with running(database, handler, hints):
        done = await ended(jobs, job)
    assert (done.state, done.error) == (JobState.FAILED, "it was begun again and again, and never got on")
    assert (handler.steps, handler.cleaned) == ([], [job.id])


async def test_a_running_job_is_cancelled_and_cleaned_up(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    handler = Counting()
    handler.gates[5] = asyncio.Event()
    job = await start(jobs)
    async with running(database, handler, hints):
        await eventually(lambda: handler.steps[-1:] == [5])
        cancelled = await jobs.cancel(PROJECT, job.id, as_agent_id="")
        assert (cancelled.state, cancelled.phase) == (JobState.RUNNING, "cancelling")
        done = await ended(jobs, job)
    assert (done.state, done.done_count, done.error) == (JobState.CANCELLED, 4, "")
    assert handler.cleaned == [job.id]
    assert await jobs.cancel(PROJECT, job.id, as_agent_id="") == done


async def test_a_job_that_nobody_has_begun_is_cancelled_at_once(jobs: Jobs) -> None:
    job = await start(jobs)
    cancelled = await jobs.cancel(PROJECT, job.id, as_agent_id="")
    assert (cancelled.state, cancelled.has_ended) == (JobState.CANCELLED, True)
    await start(jobs)


async def test_a_cancelled_job_of_a_dead_runner_is_cleaned_up_by_the_next(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    first, second = Counting(), Counting()
    first.gates[4] = asyncio.Event()
    job = await start(jobs)
    async with running(database, first, hints):
        await eventually(lambda: first.steps[-1:] == [4])
    await jobs.cancel(PROJECT, job.id, as_agent_id="")
    async with running(database, second, hints):
        done = await ended(jobs, job)
    assert (done.state, second.steps, second.cleaned) == (JobState.CANCELLED, [], [job.id])


async def test_one_of_a_kind_is_at_a_namespace_at_a_time(jobs: Jobs) -> None:
    job = await start(jobs)
    with pytest.raises(AlreadyExistsError) as told:
        await start(jobs)
    assert told.value.metadata == {"jobId": str(job.id)}
    await start(jobs, dry_run=True)
    await start(jobs, "elsewhere")
    await jobs.start(PROJECT, JobKind.CLUSTER, "project")


async def test_a_project_has_only_so_many_jobs(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeloom_memory.jobs.jobs.ACTIVE_MAX", 2)
    await start(jobs, dry_run=True)
    await start(jobs, dry_run=True)
    with pytest.raises(OverloadedError, match="has 2 jobs already"):
        await start(jobs, dry_run=True)
    await jobs.start(uuid4(), JobKind.OPTIMIZE, "project")


async def test_an_agent_sees_and_cancels_the_jobs_of_its_namespaces(jobs: Jobs) -> None:
    own = await start(jobs, "agent/anna", as_agent_id="anna")
    other = await start(jobs, "agent/bert")
    common = await start(jobs, "common")
    with pytest.raises(PermissionDeniedError):
        await start(jobs, "agent/bert/notes", as_agent_id="anna")
    with pytest.raises(NotFoundError):
        await start(jobs, "agent/bert/notes", as_agent_id="anna", dry_run=True)
    assert await jobs.get(PROJECT, own.id, as_agent_id="anna") == own
    with pytest.raises(NotFoundError):
        await jobs.get(PROJECT, other.id, as_agent_id="anna")
    with pytest.raises(NotFoundError):
        await jobs.cancel(PROJECT, other.id, as_agent_id="anna")
    with pytest.raises(NotFoundError):
        await jobs.get(uuid4(), own.id, as_agent_id="")
    page = await jobs.list_page(PROJECT, namespace="", state=0, page_token="", limit=10, as_agent_id="anna")
    assert page.entries == (common, own)


async def test_old_jobs_go(jobs: Jobs, database: Database) -> None:
    old, young, active = [await start(jobs, name) for name in ("old", "young", "active")]
    for each in (old, young):
        await jobs.cancel(PROJECT, each.id, as_agent_id="")
    async with database.system_transaction() as connection:
        await connection.execute(
            "UPDATE jobs SET end_time = now() - interval '31 days' WHERE id = $1", old.id
        )
        assert await storage.delete_ended(connection, runner.KEEP_ENDED, 10) == 1
    page = await jobs.list_page(PROJECT, namespace="", state=0, page_token="", limit=10, as_agent_id="")
    assert [each.id for each in page.entries] == [active.id, young.id]


async def test_a_checkpoint_is_not_committed_without_its_lease(
    jobs: Jobs, database: Database, hints: JobHints
) -> None:
    """What a runner wrote in the same transaction is gone with it."""
    await start(jobs)
    async with database.system_transaction() as connection:
        job = await storage.claim(connection, uuid4(), timedelta(seconds=30), [JobKind.OPTIMIZE])
    assert job is not None
    lost = runner.RunningJob(
        job, lease_id=uuid4(), lease=timedelta(seconds=30), database=database, hints=hints
    )

    async def write() -> None:
        async with database.transaction(str(PROJECT)) as connection:
            await connection.execute("UPDATE jobs SET namespace = 'changed'")
            await lost.advance(phase="counting", done=1, total=1, connection=connection)

    with pytest.raises(JobLostError):
        await write()
    assert (await jobs.get(PROJECT, job.id, as_agent_id="")).namespace == "project"


# -- Over the wire ------------------------------------------------------------------


async def _watched(
    client: MemoryClient, job_id: str, until: Callable[[memory_pb2.Job], bool]
) -> list[memory_pb2.Job]:
    call: Any = client.upkeep.WatchJob(messages.WatchJobRequest(job_id=job_id), metadata=client.metadata)
    seen: list[memory_pb2.Job] = []
    async for answer in call:
        seen.append(answer.job)
        if until(answer.job):
            call.cancel()
            break
    return seen


async def test_jobs_are_listed_watched_and_cancelled(database_url: str) -> None:
    async with running_service(database_url, with_jobs=False) as client:
        jobs = Jobs(database=client.database, cursors=Cursors(SECRET), hints=client.assembly.job_hints)
        started = [
            await jobs.start(client.project_id, JobKind.OPTIMIZE, f"room/{number}") for number in range(5)
        ]
        handler = Counting()
        handler.gates[7] = asyncio.Event()
        last = str(started[-1].id)
        async with running(client.database, handler, client.assembly.job_hints):
            watching = asyncio.create_task(_watched(client, last, lambda job: job.HasField("end_time")))
            await eventually(lambda: handler.steps.count(7) == runner.CONCURRENT_MAX)
            handler.gates[7].set()
            seen = await watching
            for job in started:
                await _watched(client, str(job.id), lambda each: each.HasField("end_time"))
        assert seen[-1].state == memory_pb2.JOB_STATE_SUCCEEDED
        assert seen[-1].report == b'{"counted":10}'
        assert [job.done_count for job in seen] == sorted(job.done_count for job in seen)
        first = await client.upkeep.ListJobs(
            messages.ListJobsRequest(page_size=3, state=memory_pb2.JOB_STATE_SUCCEEDED),
            metadata=client.metadata,
        )
        rest = await client.upkeep.ListJobs(
            messages.ListJobsRequest(
                page_size=3, state=memory_pb2.JOB_STATE_SUCCEEDED, page_token=first.next_page_token
            ),
            metadata=client.metadata,
        )
        assert [job.namespace for job in (*first.jobs, *rest.jobs)] == [
            f"room/{number}" for number in (4, 3, 2, 1, 0)
        ]
        waiting = await jobs.start(client.project_id, JobKind.OPTIMIZE, "room/5")
        request = messages.CancelJobRequest(job_id=str(waiting.id))
        answer = await client.upkeep.CancelJob(request, metadata=client.metadata)
        assert answer.job.state == memory_pb2.JOB_STATE_CANCELLED
        found = await client.upkeep.GetJob(
            messages.GetJobRequest(job_id=str(waiting.id)), metadata=client.metadata
        )
        assert found.job == answer.job
        told = [event for event in await client.events() if event.HasField("memory_job_updated")]
        assert {event.topic for event in told} == {f"memory/jobs/{job.id}" for job in (*started, waiting)}
        assert all(not event.memory_job_updated.job.report for event in told)


async def test_a_job_of_others_is_not_found(database_url: str) -> None:
    async with running_service(database_url, with_jobs=False) as client:
        jobs = Jobs(database=client.database, cursors=Cursors(SECRET), hints=client.assembly.job_hints)
        job = await jobs.start(client.project_id, JobKind.OPTIMIZE, "agent/anna")
        stranger = metadata_of(client.server, project_id=uuid4())
        get, cancel, watch = (
            messages.GetJobRequest(job_id=str(job.id)),
            messages.CancelJobRequest(job_id=str(job.id), as_agent_id="bert"),
            messages.WatchJobRequest(job_id=str(job.id)),
        )
        calls: list[Any] = [
            client.upkeep.GetJob(get, metadata=stranger),
            client.upkeep.CancelJob(cancel, metadata=client.metadata),
            client.upkeep.WatchJob(watch, metadata=stranger).read(),
        ]
        for call in calls:
            assert (await refused(call)).status == grpc.StatusCode.NOT_FOUND


async def test_watching_ends_when_the_service_leaves(database_url: str) -> None:
    async with running_service(database_url, with_jobs=False) as client:
        jobs = Jobs(database=client.database, cursors=Cursors(SECRET), hints=client.assembly.job_hints)
        job = await jobs.start(client.project_id, JobKind.OPTIMIZE, "project")
        call: Any = client.upkeep.WatchJob(
            messages.WatchJobRequest(job_id=str(job.id)), metadata=client.metadata
        )
        assert (await call.read()).job.state == memory_pb2.JOB_STATE_PENDING
        client.assembly.end_streams()
        assert (await refused(call.read())).status == grpc.StatusCode.UNAVAILABLE


async def _due_time(database: Database) -> Any:
    async with database.system_transaction() as connection:
        return await connection.fetchval("SELECT due_time FROM jobs")
