"""All workers of this replica: they come, say what they do, fall silent, and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_platform.errors import InvalidFieldError, OverloadedError, UnavailableError
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.held import Held
from timeloom_workflows.model import Workflow
from timeloom_workflows.storage import working
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.storage.working import HeldStep
from timeloom_workflows.workers.code_driver import CodeDriver
from timeloom_workflows.workers.session import Session
from timeloom_workflows.workers.task_desk import Tasks
from timeloom_workflows.workers.times import duration

Registering: TypeAlias = Callable[[UUID, bytes], Coroutine[Any, Any, Workflow]]
"""Makes a new version of a project's workflow whose definition changed, and returns the workflow."""

SESSIONS_MAX: Final = 10_000
"""Workers that one replica has at once."""

HEARTBEATS_PER_LEASE: Final = 4
LOOKS_PER_LEASE: Final = 8
RETRY_AFTER_SECONDS: Final = 1.0

_NOT_READY: Final = "The engine is about to begin or to end: come again."

logger = structlog.get_logger(__name__)


class Workers:
    """The workers that are connected, and those that may come back within their lease."""

    def __init__(
        self,
        *,
        engine: Engine,
        driver: CodeDriver,
        tasks: Tasks,
        register: Registering,
        connection: SystemConnection,
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._driver = driver
        self._tasks = tasks
        self._register = register
        self._connection = connection
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._sessions: dict[tuple[UUID, str], Session] = {}
        self._is_leaving = False

    def connected(self) -> Sequence[tuple[UUID, str]]:
        """Returns the projects and ids of the workers that are connected here."""
        return [
            (session.project_id, session.worker_id)
            for session in self._sessions.values()
            if session.is_attached
        ]

    # -- Streams -------------------------------------------------------------------------------

    async def welcome(self, project_id: UUID, hello: messages.WorkerHello) -> tuple[Session, int]:
        """Begins a stream of a worker, and returns the worker and the stream's number.

        Raises:
            InvalidDefinitionError: One of its workflows is none.
            AlreadyExistsError: One of its workflows has steps of its own.
            OverloadedError: There are too many workers already.
            UnavailableError: The engine is not ready, or the database cannot be reached.
        """
        if self._is_leaving or not self._engine.is_in_office:
            raise UnavailableError(_NOT_READY, retry_after_seconds=RETRY_AFTER_SECONDS)
        registered = [await self._register(project_id, each.definition) for each in hello.workflows]
        session = self._session(project_id, hello.worker_id)
        self._leave_room(session)
        self._driver.forget_kept(session)
        stream = session.attach(hello)
        session.workflows = frozenset(workflow.id for workflow in registered)
        welcome = await self._reconciled(session, hello)
        if stream != session.stream or session.is_gone:
            raise UnavailableError("Another stream of this worker began.")
        session.tell_first(messages.WorkResponse(welcome=welcome))
        self._driver.room.add(session)
        self._tasks.room.add(session)
        logger.info(
            "worker connected", worker=hello.worker_id, workflows=len(registered), tasks=len(hello.tasks)
        )
        return session, stream

    def received(self, session: Session, stream: int, request: messages.WorkRequest) -> None:
        """Takes what a worker says.

        Raises:
            InvalidFieldError: It has said hello before, or says nothing.
        """
        if stream != session.stream:
            return  # another stream of it has taken over, or it was given up
        session.heard()
        match request.WhichOneof("message"):
            case "progress":
                for progress in request.progress.executions:
                    self._driver.progressed(session, progress)
            case "results":
                self._tasks.results(session, request.results.results)
            case "credits":
                session.add_credits(request.credits)
                self._engine.room_grew()
                self._tasks.room_grew()
            case "heartbeat":
                self._tasks.heard(session, request.heartbeat.tasks)
            case "drain":
                session.is_leaving = True
                self._leave_room(session)
            case _:
                raise InvalidFieldError.of("message", "must be anything but a hello, after the first one")

    def left(self, session: Session, stream: int) -> None:
        """A stream has ended: what the worker holds is its own until its lease is over."""
        if not session.detach(stream):
            return
        self._leave_room(session)
        self._driver.forget_kept(session)
        if not self._driver.held_by(session) and not self._tasks.held_by(session):
            self._remove(session)
        logger.info("worker disconnected", worker=session.worker_id)

    def end_streams(self) -> None:
        """Sends all workers to another replica; what they hold they take along."""
        self._is_leaving = True
        for session in self._sessions.values():
            self._leave_room(session)
            if session.is_attached:
                session.tell_first(messages.WorkResponse(drain=messages.EngineDrain()))
                session.is_gone = True

    # -- Leases --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Looks for workers that have fallen silent, until it is cancelled."""
        try:
            while True:
                await asyncio.sleep(self._lease_seconds / LOOKS_PER_LEASE)
                for session in list(self._sessions.values()):
                    if session.silent_seconds > self._lease_seconds:
                        self._lose(session)
        finally:
            await self._driver.close()
            await self._connection.close()

    def _lose(self, session: Session) -> None:
        """Gives to others what a worker holds that has not been heard of."""
        held, tasks = self._driver.held_by(session), self._tasks.held_by(session)
        self._leave_room(session)
        session.is_gone = True
        session.stream += 1
        session.wake()
        self._remove(session)
        session.suspects.close()
        for holding in held:
            self._driver.lose(holding, is_forgiven=False)
        for task in tasks:
            self._tasks.lose(task, has_begun=True)
        self._driver.forget_kept(session)
        logger.warning("worker lost", worker=session.worker_id, executions=len(held), tasks=len(tasks))

    # -- Coming back ---------------------------------------------------------------------------

    def _session(self, project_id: UUID, worker_id: str) -> Session:
        key = (project_id, worker_id)
        session = self._sessions.get(key)
        if session is None:
            if len(self._sessions) >= SESSIONS_MAX:
                raise OverloadedError("Too many workers.", retry_after_seconds=RETRY_AFTER_SECONDS)
            session = self._sessions[key] = Session(project_id, worker_id, clock=self._clock)
        return session

    async def _reconciled(self, session: Session, hello: messages.WorkerHello) -> messages.WorkerWelcome:
        """Finds out what a worker holds that is still its own, and what it does not hold that it should."""
        welcome = messages.WorkerWelcome(
            lease=duration(timedelta(seconds=self._lease_seconds)),
            heartbeat_interval=duration(timedelta(seconds=self._lease_seconds / HEARTBEATS_PER_LEASE)),
        )
        await self._reconcile_executions(session, hello.held_executions, welcome)
        await self._reconcile_tasks(session, hello.held_tasks, welcome)
        return welcome

    async def _reconcile_executions(
        self,
        session: Session,
        held: Iterable[messages.HeldExecution],
        welcome: messages.WorkerWelcome,
    ) -> None:
        unknown: dict[UUID, int] = {}
        known: set[str] = set()
        for each in held:
            execution_id = _uuid(each.execution_id)
            holding = None if execution_id is None else self._driver.get(execution_id)
            if holding is not None and holding.session is session and holding.token == each.token:
                known.add(holding.key)
            elif execution_id is not None and holding is None:
                unknown[execution_id] = each.token
            else:
                welcome.lost_executions.append(each)
        for holding in self._driver.held_by(session):
            if holding.key not in known:
                self._driver.lose(holding, is_forgiven=True)  # it was sent, and never came
        for execution_id in await self._adopted(session, unknown, welcome):
            del unknown[execution_id]
        welcome.lost_executions.extend(
            messages.HeldExecution(execution_id=str(execution_id), token=token)
            for execution_id, token in unknown.items()
        )

    async def _adopted(
        self, session: Session, unknown: dict[UUID, int], welcome: messages.WorkerWelcome
    ) -> list[UUID]:
        """Takes executions over from the engine that had them, and returns which."""
        if not unknown:
            return []
        engine_id = self._engine.id
        try:
            claimed = await working.adopt(
                self._connection, engine_id, session.project_id, list(unknown.items())
            )
        except asyncpg.PostgresError as error:
            raise UnavailableError(_NOT_READY) from error
        if engine_id != self._engine.id:
            raise UnavailableError(_NOT_READY)
        for each in claimed:
            execution = each.execution
            self._engine.holdings.add(Held.of(execution, self._driver))
            self._driver.adopt(each, session)
            welcome.adopted_executions.append(
                messages.AdoptedExecution(
                    execution_id=str(execution.id),
                    token=unknown[execution.id],
                    new_token=execution.token,
                )
            )
        return [each.execution.id for each in claimed]

    async def _reconcile_tasks(
        self, session: Session, held: Iterable[messages.HeldTask], welcome: messages.WorkerWelcome
    ) -> None:
        mine = {task.held_step for task in self._tasks.held_by(session)}
        named = {
            HeldStep(execution_id, each.step_id, each.token)
            for each in held
            if (execution_id := _uuid(each.execution_id)) is not None
        }
        for task in self._tasks.held_by(session):
            if task.held_step not in named:
                self._tasks.lose(task, has_begun=False)
        adopted = await self._tasks.adopt(session, sorted(named - mine))
        welcome.lost_tasks.extend(
            messages.HeldTask(execution_id=str(step.execution_id), step_id=step.step_id, token=step.token)
            for step in named - mine - adopted
        )

    def _leave_room(self, session: Session) -> None:
        self._driver.room.remove(session)
        self._tasks.room.remove(session)

    def _remove(self, session: Session) -> None:
        key = (session.project_id, session.worker_id)
        if self._sessions.get(key) is session:
            del self._sessions[key]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
