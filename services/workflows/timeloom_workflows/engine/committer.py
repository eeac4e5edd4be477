"""The way into the database for everything that drivers do: in batches, with an answer after the commit.

Whatever arrives while a batch is under way is the next batch: where nobody else calls, nobody waits, and
under load many commits cost one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from timeloom_platform.database import Database, map_database_error
from timeloom_platform.errors import InternalError, OverloadedError, TimeloomError, UnavailableError
from timeloom_workflows.engine.batches import AdvanceRequest, Batch, Pending, Request, StartRequest
from timeloom_workflows.engine.commands import NOT_COMMITTED, Advance, Advanced, Begun, NewExecution
from timeloom_workflows.model import Stage
from timeloom_workflows.storage import committing
from timeloom_workflows.storage.committing import Beginning, Outcome
from timeloom_workflows.storage.system import SystemConnection

PENDING_MAX: Final = 50_000
"""Requests that wait for their commit at most; more executions are refused, those that run never are."""

RETRY_SECONDS: Final = 0.1
RETRY_AFTER_SECONDS: Final = 1.0
RETRIES_SECONDS_MAX: Final = 20.0
"""How long a batch is tried again whose connection was lost."""

ROW_BYTES: Final = 256
BATCH_IDS: Final = 1 << 62

_TRY_AGAIN: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
_REFUSES_CONTENT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.CardinalityViolationError,
)

logger = structlog.get_logger(__name__)


class Committer:
    """Commits what it is given, batch after batch; `run` does the work."""

    def __init__(self, database: Database, *, engine_id: Callable[[], UUID]) -> None:
        self._connection = SystemConnection(database)
        self._engine_id = engine_id
        self._pending = Pending()
        self._wake = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def advance(self, advance: Advance, events: Sequence[bytes]) -> asyncio.Future[Advanced]:
        """Takes what became of an execution; the answer comes after the commit.

        Args:
            advance: What became of it.
            events: Serialized `OutboxBatch`es: one that tells of it, and one for each of its children.
        """
        answer: asyncio.Future[Advanced] = asyncio.get_running_loop().create_future()
        size_bytes = ROW_BYTES
        for step in advance.steps:
            size_bytes += (
                ROW_BYTES + len(step.input or b"") + len(step.output or b"") + len(step.error or b"")
            )
        for child in advance.children:
            size_bytes += ROW_BYTES + len(child.input or b"")
        rows = 1 + len(advance.steps) + len(advance.entries) + len(advance.children)
        self._put(AdvanceRequest(advance, answer, events, rows, size_bytes))
        return answer

    def start(self, news: Sequence[NewExecution], events: Sequence[bytes]) -> asyncio.Future[Sequence[Begun]]:
        """Takes executions that begin, all or none; the answer comes after the commit.

        Raises:
            OverloadedError: Too much waits already.
        """
        if len(self._pending) >= PENDING_MAX:
            raise OverloadedError(
                "More executions wait for their commit than the service can take.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        answer: asyncio.Future[Sequence[Begun]] = asyncio.get_running_loop().create_future()
        size_bytes = sum(ROW_BYTES + len(new.input or b"") for new in news)
        rows = sum(1 + len(new.steps) for new in news)
        self._put(StartRequest(news, answer, events, rows, size_bytes))
        return answer

    async def run(self) -> None:
        """Commits until it is cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._pending:
                    await self._commit(self._pending.take(random.randrange(1, BATCH_IDS)))  # noqa: S311 - no secret
                self._is_idle.set()
        finally:
            await self._connection.close()
            self._refuse(self._pending.drain(), _about_to_stop())

    async def settle(self) -> None:
        """Returns when everything that was taken is answered."""
        await self._is_idle.wait()

    def refuse_advances(self) -> None:
        """Answers all advances that wait with not committed: the engine owns nothing any more."""
        for request in self._pending.drain():
            if isinstance(request, StartRequest):
                self._pending.put(request)
            elif not request.answer.done():
                request.answer.set_result(NOT_COMMITTED)

    def _put(self, request: Request) -> None:
        self._pending.put(request)
        self._is_idle.clear()
        self._wake.set()

    async def _commit(self, batch: Batch) -> None:
        """Commits a batch, again and again as long as nobody knows whether it was."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + RETRIES_SECONDS_MAX
        is_repeated = False
        while True:
            try:
                outcome = await self._try(batch, is_repeated=is_repeated)
            except (UnavailableError, *_TRY_AGAIN) as error:
                is_repeated = is_repeated or isinstance(error, UnavailableError)
                if clock() > give_up_at:
                    self._fail(batch, error)
                    return
                await asyncio.sleep(RETRY_SECONDS)
            except _REFUSES_CONTENT as error:
                self._separate(batch, error)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers must be told
                self._fail(batch, error)
                return
            else:
                self._pending.forget(batch)
                _answer_all(batch, outcome)
                return

    async def _try(self, batch: Batch, *, is_repeated: bool) -> Outcome:
        beginnings, events = list[Beginning](), [request.events[0] for request in batch.advances]
        for request in batch.starts:
            beginnings.extend(map(Beginning, request.news))
            events.extend(request.events)
        for place, advance in enumerate(batch.advances, start=1):
            beginnings.extend(Beginning(child, place) for child in advance.advance.children)
            events.extend(advance.events[1:])
        return await committing.commit(
            self._connection,
            batch_id=batch.id,
            is_repeated=is_repeated,
            engine_id=self._engine_id(),
            advances=[request.advance for request in batch.advances],
            beginnings=beginnings,
            events=events,
        )

    def _separate(self, batch: Batch, error: Exception) -> None:
        """Commits the requests one by one, since the database refuses one of them."""
        if len(batch.requests) == 1:
            self._fail(batch, error)
        else:
            self._pending.put_back(batch)

    def _fail(self, batch: Batch, error: Exception) -> None:
        """Answers with the error; what was committed all the same, nobody knows."""
        self._pending.forget(batch)
        if not isinstance(error, TimeloomError):
            logger.warning("batch not committed", requests=len(batch.requests), exc_info=error)
        told = error if isinstance(error, TimeloomError) else map_database_error(error)
        self._refuse(batch.requests, told or InternalError("The change could not be committed."))

    def _refuse(self, requests: Sequence[Request], error: TimeloomError) -> None:
        for request in requests:
            if not request.answer.done():
                request.answer.set_exception(error)


def _answer_all(batch: Batch, outcome: Outcome) -> None:
    for place, request in enumerate(batch.advances):
        if not request.answer.done():
            request.answer.set_result(_advanced(outcome, place))
    count = len(batch.advances)
    place = count
    for start in batch.starts:
        begun = [
            _begun(outcome, at, new, outcome.begun[at - count])
            for at, new in enumerate(start.news, start=place)
        ]
        place += len(start.news)
        if not start.answer.done():
            start.answer.set_result(begun)


def _advanced(outcome: Outcome, place: int) -> Advanced:
    is_committed = outcome.lengths[place] >= 0
    if not is_committed and outcome.stages[place] != Stage.OWNED:
        return NOT_COMMITTED
    return Advanced(
        committed=is_committed,
        stage=Stage(outcome.stages[place]),
        inbox=outcome.inboxes[place],
        paused=outcome.are_paused[place],
        cancelling=outcome.are_cancelling[place],
        history_length=outcome.lengths[place],
    )


def _begun(outcome: Outcome, place: int, new: NewExecution, execution_id: UUID | None) -> Begun:
    return Begun(
        execution_id=execution_id or new.id,
        is_new=outcome.lengths[place] >= 0,
        is_outdated=execution_id is None,
        stage=Stage(outcome.stages[place] or Stage.QUEUED),
        create_time=outcome.time,
    )


def _about_to_stop() -> UnavailableError:
    return UnavailableError("The service is about to stop.", retry_after_seconds=RETRY_AFTER_SECONDS)
