"""The lane of a project, in which its snapshots are made ready and committed in the order of their arrival.

A snapshot is made ready in memory as soon as it arrives, on top of those that are not committed yet. One
commit at a time writes all that are ready, and while it runs the next group grows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform import outbox
from timeloom_platform.database import Database, map_database_error
from timeloom_platform.errors import ConflictError, InternalError, TimeloomError
from timeloom_snapshots import limits
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.group import Group, Request
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.preparation import Preparer, UncommittedParentError
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage.commit import HeadMovedError, commit

IDLE_SECONDS: Final = 30.0
LINGER_SECONDS: Final = 0.002
YIELD_SNAPSHOTS: Final = 32

_TRY_AGAIN: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_REFUSES_CONTENT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneContext:
    """What all lanes work with."""

    database: Database
    reader: StateReader
    codec: Codec
    hints: Hints
    clock: Callable[[], datetime]
    linger_seconds: float

    def preparer(self, project_id: UUID) -> Preparer:
        """Makes what makes the requests of a project ready."""
        return Preparer(
            project_id=project_id,
            database=self.database,
            reader=self.reader,
            codec=self.codec,
            clock=self.clock,
        )


class Lane:
    """One project's requests; `run` serves them until none has come for a while."""

    def __init__(self, project_id: UUID, context: LaneContext) -> None:
        self._project_id = project_id
        self._context = context
        self._preparer = context.preparer(project_id)
        self._pending: deque[Request] = deque()
        self._ready = Group()
        self._ready_since = 0.0
        self._last_size = 0
        self._committing: Group | None = None
        self._commit_task: asyncio.Task[None] | None = None
        self._failures = 0
        self._wake = asyncio.Event()
        self.is_closed = False

    def put(self, request: Request) -> None:
        """Takes a request; its answer comes after the commit."""
        self._pending.append(request)
        self._wake.set()

    async def run(self) -> None:
        """Serves requests until none has come for a while."""
        while not self.is_closed:
            self._wake.clear()
            await self._prepare_pending()
            wait_seconds = self._commit_or_wait()
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._wake.wait()
            except TimeoutError:
                self.is_closed = self._is_idle

    @property
    def _is_idle(self) -> bool:
        return not (self._pending or self._ready.answers or self._committing)

    # -- Committing ---------------------------------------------------------------

    def _commit_or_wait(self) -> float:
        """Begins the commit of what is ready, unless more is about to come; returns how long to wait."""
        if self._committing is not None or not self._ready.answers:
            return IDLE_SECONDS
        is_as_large_as_the_last = len(self._ready.answers) >= self._last_size
        if not (is_as_large_as_the_last or self._ready.is_full or self._pending):
            # The callers that were answered last are likely to call again, and shortly.
            linger_until = self._ready_since + self._context.linger_seconds
            left = linger_until - asyncio.get_running_loop().time()
            if left > 0:
                return left
        self._committing, self._ready = self._ready, Group()
        self._last_size = len(self._committing.answers)
        self._commit_task = asyncio.get_running_loop().create_task(self._commit(self._committing))
        return IDLE_SECONDS

    async def _commit(self, group: Group) -> None:
        try:
            if group.new:
                events = outbox.batch_of(str(self._project_id), group.events())
                await commit(
                    self._context.database,
                    self._project_id,
                    moves=group.moves(),
                    new=group.new,
                    events=events,
                )
        except HeadMovedError as error:
            self._try_again(group, error.execution_ids)
        except asyncpg.UniqueViolationError:
            self._look_up_and_try_again(group)
        except _TRY_AGAIN:
            self._try_again(group, frozenset(group.heads))
        except _REFUSES_CONTENT as error:
            self._separate(group, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must be told
            self._fail(group, error)
        else:
            self._finish(group)
        finally:
            self._committing = None
            self._ready_since = asyncio.get_running_loop().time()
            self._wake.set()

    def _finish(self, group: Group) -> None:
        for execution_id, head in group.heads.items():
            self._context.reader.keep_head(self._project_id, head)
            self._context.hints.tell(self._project_id, execution_id)
        group.answer()

    def _try_again(self, group: Group, lost: frozenset[UUID]) -> None:
        """Makes everything ready once more: other writers moved some heads."""
        for execution_id in lost:
            self._context.reader.forget_head(self._project_id, execution_id)
        for request in group.requests:
            request.attempts += request.execution_id in lost
        self._take_back(group)

    def _look_up_and_try_again(self, group: Group) -> None:
        """Some key was recorded before: whose, the database is asked before the next attempt."""
        for request in group.requests:
            request.needs_lookup = bool(request.keys)
            request.recorded = None
        self._try_again(group, frozenset(group.heads))

    def _separate(self, group: Group, error: Exception) -> None:
        """Commits the requests one by one, since the database refuses one of them."""
        if len(group.answers) == 1:
            self._fail(group, error)
            return
        for request in group.requests:
            request.is_alone = True
        self._take_back(group)

    def _fail(self, group: Group, error: Exception) -> None:
        """Answers with the error; what was committed all the same, nobody knows."""
        if not isinstance(error, TimeloomError):
            logger.warning("group not committed", project=str(self._project_id), exc_info=error)
        told = error if isinstance(error, TimeloomError) else map_database_error(error)
        for execution_id in group.heads:
            self._context.reader.forget_head(self._project_id, execution_id)
        for request in group.requests:
            request.refuse(told or InternalError("The snapshots could not be committed."))
        group.answers.clear()
        self._take_back(group)

    def _take_back(self, group: Group) -> None:
        """Puts the requests of a group, and those made ready on top of it, back in front."""
        self._failures += 1
        dissolved, self._ready = self._ready, Group()
        for request in reversed([*group.requests, *dissolved.requests]):
            self._pending.appendleft(request)

    # -- Making ready -------------------------------------------------------------

    async def _prepare_pending(self) -> None:
        done = 0
        while self._pending:
            request = self._pending[0]
            if request.answer.done():
                self._pending.popleft()
            elif not (self._ready.has_room_for(request) and await self._prepare(request)):
                return
            done += len(request.records)
            if done >= YIELD_SNAPSHOTS:
                done = 0
                await asyncio.sleep(0)

    async def _prepare(self, request: Request) -> bool:
        """Makes the first pending request ready, or refuses it; False if it must wait for a commit."""
        failures = self._failures
        try:
            self._give_up_late(request)
            if self._preparer.needs_load(request.execution_id, self._groups):
                ahead = [pending.execution_id for pending in self._pending]
                await self._preparer.load_ahead(ahead, self._groups)
            prepared = await self._preparer.prepare(request, self._groups)
        except UncommittedParentError:
            return False
        except TimeloomError as error:
            if failures == self._failures:
                self._refuse_or_look_up(request, error)
        except Exception as error:
            logger.exception("request not made ready", project=str(self._project_id))
            self._refuse(
                request, map_database_error(error) or InternalError("The snapshot was not recorded.")
            )
        else:
            # If a commit failed meanwhile, it may have been made ready on what is not there.
            if failures == self._failures:
                self._pending.popleft()
                if not self._ready.answers:
                    self._ready_since = asyncio.get_running_loop().time()
                self._ready.add(request, prepared)
        return True

    def _refuse_or_look_up(self, request: Request, error: TimeloomError) -> None:
        """Refuses a request, unless its key may have been recorded before: then nothing is wrong."""
        if request.keys and request.recorded is None:
            request.needs_lookup = True
        else:
            self._refuse(request, error)

    def _give_up_late(self, request: Request) -> None:
        if request.attempts > limits.ATTEMPTS_MAX and not request.needs_lookup:
            raise ConflictError("Other writers of the execution were faster each time; try again.")

    def _refuse(self, request: Request, error: Exception) -> None:
        self._pending.remove(request)
        request.refuse(error)

    @property
    def _groups(self) -> list[Group]:
        """What is not committed yet, the newest first."""
        return [self._ready] if self._committing is None else [self._ready, self._committing]
