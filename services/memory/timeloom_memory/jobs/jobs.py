"""Jobs: begin, find, follow and cancel them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from timeloom_memory.jobs.answers import job_updated
from timeloom_memory.jobs.hints import JobHints
from timeloom_memory.jobs.model import ACTIVE_MAX, Job, JobKind
from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import jobs as storage
from timeloom_memory.storage.predicates import Parameters
from timeloom_platform import dated_pages, outbox
from timeloom_platform.bell import wait
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, NotFoundError, OverloadedError, UnavailableError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, ListIdentity, Page

POLL_SECONDS: Final = 1.0
"""How often those who follow a job look by themselves: it may be done by another process."""

RETRY_AFTER_SECONDS: Final = 30.0


class Jobs:
    """The jobs of all projects."""

    def __init__(self, *, database: Database, cursors: Cursors, hints: JobHints) -> None:
        self._database = database
        self._cursors = cursors
        self._hints = hints

    async def start(
        self,
        project_id: UUID,
        kind: JobKind,
        namespace: str,
        *,
        parameters: str = "{}",
        dry_run: bool = False,
        as_agent_id: str = "",
    ) -> Job:
        """Begins a job in a namespace: some process will do it soon.

        Args:
            project_id: Whose namespace it is.
            kind: What the job does.
            namespace: Where.
            parameters: What it is asked to do, as a JSON document that the handler of its kind reads.
            dry_run: It only reports, so that it needs no more than to read; it may go beside others.
            as_agent_id: The agent that begins it; empty for the project itself.

        Raises:
            AlreadyExistsError: Another job of its kind is at the namespace.
            NotFoundError: The agent may not read there.
            OverloadedError: The project has too many jobs that have not ended.
            PermissionDeniedError: The agent may not write there.
        """
        new = storage.NewJob(
            id=uuid7(),
            kind=kind,
            namespace=namespace,
            dry_run=dry_run,
            agent_id=as_agent_id,
            parameters=parameters,
        )
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if not dry_run:
                scope.require_write(namespace)
            elif not scope.may_read(namespace):
                raise NotFoundError(f"There is no namespace {namespace}.")
            if await storage.count_active(connection, project_id) >= ACTIVE_MAX:
                raise OverloadedError(
                    f"The project has {ACTIVE_MAX} jobs already.", retry_after_seconds=RETRY_AFTER_SECONDS
                )
            job = await storage.insert(connection, project_id, new)
            if job is None:
                raise await _already_there(connection, project_id, new)
            await outbox.enqueue(connection, str(project_id), [job_updated(job)])
        self._hints.has_work.set()
        return job

    async def get(self, project_id: UUID, job_id: UUID, *, as_agent_id: str) -> Job:
        """Returns a job.

        Raises:
            NotFoundError: There is none that may be read.
        """
        async with self._database.transaction(str(project_id)) as connection:
            return await _readable(connection, project_id, job_id, as_agent_id)

    async def list_page(
        self,
        project_id: UUID,
        *,
        namespace: str,
        state: int,
        page_token: str,
        limit: int,
        as_agent_id: str,
    ) -> Page[Job]:
        """Returns a page of jobs, newest first; of all namespaces or states where these are empty.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "memory jobs",
            "project": str(project_id),
            "namespace": namespace,
            "state": state,
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        parameters = Parameters(project_id)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            found = await storage.select_page(
                connection,
                parameters,
                namespace=namespace,
                state=state,
                readable=scope.namespaces_sql(parameters, "namespace"),
                before=dated_pages.after(position),
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=identity, position=dated_pages.position_of)

    async def watch(self, project_id: UUID, job_id: UUID, *, as_agent_id: str) -> AsyncGenerator[Job]:
        """Yields a job now, whenever it has changed, and for the last time when it has ended.

        Raises:
            NotFoundError: There is none that may be read, or not any more.
            UnavailableError: The service is about to stop.
        """
        last: Job | None = None
        with self._hints.changed.heard(job_id) as something_happened:
            while True:
                job = await self.get(project_id, job_id, as_agent_id=as_agent_id)
                if job != last:
                    yield job
                    last = job
                if job.has_ended:
                    return
                if self._hints.is_closed:
                    raise UnavailableError("The service is about to stop.", retry_after_seconds=POLL_SECONDS)
                await wait(something_happened, POLL_SECONDS)

    async def cancel(self, project_id: UUID, job_id: UUID, *, as_agent_id: str) -> Job:
        """Has a job end: at once if nobody has begun it, soon otherwise. One that has ended stays as it is.

        Raises:
            NotFoundError: There is none that may be read.
            PermissionDeniedError: The agent may not write to its namespace.
        """
        async with self._database.transaction(str(project_id)) as connection:
            job = await _readable(connection, project_id, job_id, as_agent_id)
            scope = await Access.of(connection, project_id, as_agent_id)
            scope.require_write(job.namespace)
            cancelled = await storage.cancel(connection, project_id, job_id)
            if cancelled is None:
                return await _readable(connection, project_id, job_id, as_agent_id)
            await outbox.enqueue(connection, str(project_id), [job_updated(cancelled)])
        self._hints.changed.ring(job_id)
        self._hints.cancelled.ring(job_id)
        self._hints.has_work.set()
        return cancelled


async def _readable(connection: Connection, project_id: UUID, job_id: UUID, as_agent_id: str) -> Job:
    scope = await Access.of(connection, project_id, as_agent_id)
    job = await storage.select(connection, project_id, job_id)
    if job is None or not scope.may_read(job.namespace):
        raise NotFoundError(f"There is no job {job_id}.")
    return job


async def _already_there(connection: Connection, project_id: UUID, new: storage.NewJob) -> AlreadyExistsError:
    other = await storage.select_active(connection, project_id, namespace=new.namespace, kind=new.kind)
    return AlreadyExistsError(
        f"A job of this kind is at the namespace {new.namespace} already: {other}.",
        metadata={"jobId": str(other)},
    )
