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
from timeloom_platform.errors import ConflictError, InternalError, InvalidFieldError, TimeloomError
from timeloom_snapshots import limits, work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.group import Group, Request
from timeloom_snapshots.head import Head, Position, advance
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.model import NewSnapshot, Record, Snapshot
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage import snapshots
from timeloom_snapshots.storage.commit import HeadMovedError, commit

IDLE_SECONDS: Final = 30.0
LOADS_AT_ONCE_MAX: Final = 4
LOADS_AHEAD_MAX: Final = 64
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


class _UncommittedParentError(Exception):
    """The parent is on its way to the database; wait until it is there."""


class Lane:
    """One project's requests; `run` serves them until none has come for a while."""

    def __init__(self, project_id: UUID, context: LaneContext) -> None:
        self._project_id = project_id
        self._context = context
        self._pending: deque[Request] = deque()
        self._ready = Group()
        self._ready_since = 0.0
        self._committing: Group | None = None
        self._commit_task: asyncio.Task[None] | None = None
        self._last_size = 0
        self._failures = 0
        self._wake = asyncio.Event()
        self.is_closed = False

    def put(self, request: Request) -> None:
        """Takes a request; its answer comes after the commit."""
        self._pending.append(request)
        self._wake.set()

    async def run(self) -> None:
        """Serves requests until none has come for a while."""
        while True:
            self._wake.clear()
            await self._prepare_pending()
            wait_seconds = self._commit_or_wait()
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._wake.wait()
            except TimeoutError:
                if self._is_idle:
                    self.is_closed = True
                    return

    @property
    def _is_idle(self) -> bool:
        return not (self._pending or self._ready.answers or self._committing)

    # -- Committing ---------------------------------------------------------------

    def _commit_or_wait(self) -> float | None:
        """Begins the commit of what is ready, or returns how long to wait for more; None is for a call."""
        if self._committing is not None:
            return None
        if not self._ready.answers:
            return None if self._pending else IDLE_SECONDS
        loop = asyncio.get_running_loop()
        if len(self._ready.answers) < self._last_size and not (self._ready.is_full or self._pending):
            # As many callers as last time are likely to call again, and shortly.
            left = self._ready_since + self._context.linger_seconds - loop.time()
            if left > 0:
                return left
        group, self._ready = self._ready, Group()
        self._committing = group
        self._last_size = len(group.answers)
        self._commit_task = loop.create_task(self._commit(group))
        return None

    async def _commit(self, group: Group) -> None:
        try:
            if group.new:
                async with self._context.database.transaction(str(self._project_id)) as connection:
                    await commit(connection, self._project_id, group.moves(), group.new)
                    await outbox.enqueue(connection, str(self._project_id), group.events())
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
                continue
            if not self._ready.has_room_for(request):
                return
            if not await self._prepare(request):
                return
            done += len(request.records)
            if done >= YIELD_SNAPSHOTS:
                done = 0
                await asyncio.sleep(0)

    async def _prepare(self, request: Request) -> bool:
        """Makes the first pending request ready, or refuses it; False if it must wait for a commit."""
        failures = self._failures
        try:
            self._refuse_late(request)
            head = await self._head(request.execution_id)
            if request.needs_lookup:
                await self._look_up(request)
            origin, new, answer, head = await self._record(request, head)
        except _UncommittedParentError:
            return False
        except TimeloomError as error:
            if failures == self._failures:
                self._refuse_or_look_up(request, error)
            return True
        except Exception as error:
            logger.exception("request not made ready", project=str(self._project_id))
            self._pending.popleft()
            request.refuse(map_database_error(error) or InternalError("The snapshot could not be recorded."))
            return True
        if failures == self._failures and self._pending and self._pending[0] is request:
            self._pending.popleft()
            if not self._ready.answers:
                self._ready_since = asyncio.get_running_loop().time()
            self._ready.add(request, origin=origin, head=head, new=new, answer=answer)
        return True

    def _refuse_late(self, request: Request) -> None:
        if request.attempts > limits.ATTEMPTS_MAX:
            raise ConflictError("Other writers of the execution were faster each time; try again.")

    def _refuse_or_look_up(self, request: Request, error: TimeloomError) -> None:
        """Refuses a request, unless its key may have been recorded before: then nothing is wrong."""
        if request.keys and request.recorded is None:
            request.needs_lookup = True
            return
        self._pending.popleft()
        request.refuse(error)

    async def _record(
        self, request: Request, origin: Head
    ) -> tuple[Head, list[NewSnapshot], list[Snapshot], Head]:
        head = origin
        new: list[NewSnapshot] = []
        answer: list[Snapshot] = []
        positions: dict[int, Position] = {}
        own: dict[str, Snapshot] = {}
        for record in request.records:
            known = own.get(record.key) or self._recorded(request, record)
            if known is not None:
                answer.append(known)
                continue
            parent = await self._parent(head, record, positions)
            head, snapshot = await work.on(
                record.size_bytes,
                advance,
                head,
                record,
                parent=parent,
                now=self._context.clock(),
                codec=self._context.codec,
            )
            positions[head.position.sequence] = head.position
            new.append(snapshot)
            answer.append(snapshot.snapshot)
            if record.key:
                own[record.key] = snapshot.snapshot
        return origin, new, answer, head

    def _recorded(self, request: Request, record: Record) -> Snapshot | None:
        """Returns the snapshot that was recorded before with the same key, as far as is known."""
        if not record.key:
            return None
        key = (request.execution_id, record.key)
        for known in (self._ready.keyed, self._committing and self._committing.keyed, request.recorded):
            if known and key in known:
                return known[key]
        return None

    async def _parent(self, head: Head, record: Record, positions: dict[int, Position]) -> Position:
        sequence = head.parent_of(record)
        if sequence == head.position.sequence:
            return head.position
        if sequence in positions:
            return positions[sequence]
        if any(head.execution_id in group.heads for group in (self._ready, self._committing) if group):
            raise _UncommittedParentError
        async with self._context.database.transaction(str(self._project_id)) as connection:
            position = await self._context.reader.read_position(
                connection, self._project_id, head.execution_id, sequence
            )
        if position is None:
            raise InvalidFieldError.of("parentSequence", f"is {sequence}: there is no such snapshot")
        return position

    async def _look_up(self, request: Request) -> None:
        async with self._context.database.transaction(str(self._project_id)) as connection:
            request.recorded = await snapshots.select_keyed(connection, self._project_id, request.keys)
        request.needs_lookup = False

    # -- Heads --------------------------------------------------------------------

    async def _head(self, execution_id: UUID) -> Head:
        head = self._known_head(execution_id)
        if head is None:
            await self._load_ahead()
            head = self._known_head(execution_id) or await self._load(execution_id)
        return head

    def _known_head(self, execution_id: UUID) -> Head | None:
        for group in (self._ready, self._committing):
            if group is not None and execution_id in group.heads:
                return group.heads[execution_id]
        return self._context.reader.cached_head(self._project_id, execution_id)

    async def _load_ahead(self) -> None:
        """Loads the heads that the next requests need, several at once; failures are for whoever needs them."""
        wanted = dict.fromkeys(request.execution_id for request in self._pending)
        missing = [each for each in wanted if self._known_head(each) is None][:LOADS_AHEAD_MAX]
        if len(missing) < 2:
            return
        slots = asyncio.Semaphore(LOADS_AT_ONCE_MAX)

        async def load(execution_id: UUID) -> None:
            async with slots:
                await self._load(execution_id)

        await asyncio.gather(*map(load, missing), return_exceptions=True)

    async def _load(self, execution_id: UUID) -> Head:
        async with self._context.database.transaction(str(self._project_id)) as connection:
            return await self._context.reader.load_head(connection, self._project_id, execution_id)
