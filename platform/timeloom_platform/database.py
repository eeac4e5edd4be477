"""PostgreSQL for a room: a pool whose transactions see one project and nothing else.

Every connection takes the room's role and schema when it is opened, so that row-level security holds for
each statement from the first on. The project is set for one transaction only: a connection that is used
again without one raises an error instead of showing the previous project's rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from timeloom_platform.errors import (
    AlreadyExistsError,
    ConflictError,
    DeadlineExceededError,
    InternalError,
    InvalidFieldError,
    OverloadedError,
    TimeloomError,
    UnavailableError,
)

CONNECT_TIMEOUT_SECONDS = 2.0
ACQUIRE_TIMEOUT_SECONDS = 5.0
RECONNECT_INTERVAL_SECONDS = 0.1
COMMAND_TIMEOUT_SECONDS = 35.0
CLOSE_TIMEOUT_SECONDS = 5.0
IDLE_CONNECTION_SECONDS = 300.0
RETRY_AFTER_SECONDS = 1.0

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000

# In one round trip each, as texts of several statements: these take no parameters.
BEGIN_FOR_PROJECT = "BEGIN; SELECT set_config('app.project', '{project_id}', true)"
BEGIN_READING = "BEGIN READ ONLY; SELECT set_config('app.project', '{project_id}', true)"
BEGIN_FOR_SYSTEM = "BEGIN; SET LOCAL ROLE {role}"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

PooledConnection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
NewConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Prepare: TypeAlias = Callable[[NewConnection], Coroutine[Any, Any, None]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PooledConnection"

logger = structlog.get_logger(__name__)

_CONNECTION_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


def role_of(room: str) -> str:
    """The role that a room's statements run under: it sees the rows of one project at a time."""
    return f"timeloom_{room}"


def system_role_of(room: str) -> str:
    """The role of a room's own housekeeping: it sees the rows of all projects."""
    return f"timeloom_{room}_system"


class Database:
    """A room's PostgreSQL: bounded pool, project-bound transactions, and reconnection after a restart."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], *, url: str, room: str) -> None:
        self.room = room
        self._pool = pool
        self._url = url
        self._giving_back: set[asyncio.Task[None]] = set()
        self._begin_for_system = BEGIN_FOR_SYSTEM.format(role=system_role_of(room))

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        room: str,
        pool_size: int = 8,
        prepare: Prepare | None = None,
    ) -> Self:
        """Open a pool on the room's schema, whose roles `migrate` must have made.

        Args:
            url: Of the database.
            room: The schema's name.
            pool_size: The connections that are open at most.
            prepare: What is done with each connection when it is opened, such as to set the codec of a type.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        pool = await asyncpg.create_pool(
            url,
            # None is kept for its own sake: the pool would log each attempt to restore it with a traceback.
            min_size=0,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            max_inactive_connection_lifetime=IDLE_CONNECTION_SECONDS,
            server_settings=_server_settings(room),
            reset=_keep_session,
            init=prepare,  # pyright: ignore[reportArgumentType] - its stubs ask for the class of coroutines
        )
        database = cls(pool, url=url, room=room)
        try:
            await database.ping()
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def transaction(self, project_id: str) -> AsyncGenerator[Connection]:
        """A transaction that sees and writes the rows of one project.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
            OverloadedError: every connection of the pool stayed in use until the acquisition's deadline.
        """
        # What UUID writes needs no quoting.
        async with self._transaction(BEGIN_FOR_PROJECT.format(project_id=UUID(project_id))) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self, project_id: str) -> AsyncGenerator[Connection]:
        """A transaction that only reads the rows of one project: nobody waits until it has ended.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
            OverloadedError: every connection of the pool stayed in use until the acquisition's deadline.
        """
        connection = await self._begin(BEGIN_READING.format(project_id=UUID(project_id)))
        try:
            yield connection
        finally:
            self._give_back(connection, in_transaction=True)

    @asynccontextmanager
    async def system_transaction(self) -> AsyncGenerator[Connection]:
        """A transaction that sees the rows of all projects: for relays and retention, never for a request.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
            OverloadedError: every connection of the pool stayed in use until the acquisition's deadline.
        """
        async with self._transaction(self._begin_for_system) as connection:
            yield connection

    async def call(self, statement: str, *arguments: object) -> asyncpg.Record | None:
        """Return the first row of one statement, which is a transaction by itself: one round trip.

        For calls of functions that set `app.project` themselves before they touch a table, as `transaction`
        does: a statement that names no project fails, for every table demands one.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
            OverloadedError: every connection of the pool stayed in use until the acquisition's deadline.
        """
        connection = await self._begin(None)
        try:
            return await connection.fetchrow(statement, *arguments)
        finally:
            self._give_back(connection)

    async def open_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection of the caller's own, outside the pool, for LISTEN; the caller closes it."""
        try:
            return await asyncpg.connect(
                self._url, timeout=CONNECT_TIMEOUT_SECONDS, server_settings=_server_settings(self.room)
            )
        except _CONNECTION_LOST as error:
            raise _unreachable() from error

    async def open_owner_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection that takes no role, as migrations do, for what only the owner of the tables can do.

        The caller closes it. Never for a request: it makes and drops partitions, and touches no row.
        """
        settings = _server_settings(self.room)
        del settings["role"]
        try:
            return await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                server_settings=settings,
            )
        except _CONNECTION_LOST as error:
            raise _unreachable() from error

    async def ping(self) -> None:
        """Return when the database answers; raise UnavailableError when it does not."""
        try:
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS) as connection:
                await connection.execute("SELECT 1", timeout=CONNECT_TIMEOUT_SECONDS)
        except _CONNECTION_LOST as error:
            raise _unreachable() from error

    async def close(self) -> None:
        """Wait for the transactions in progress, for a bounded time, and close all connections."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncGenerator[Connection]:
        connection = await self._begin(begin)
        try:
            try:
                yield connection
            except BaseException:
                await _roll_back(connection)
                raise
            await _commit(connection)
        finally:
            self._give_back(connection)

    async def _begin(self, begin: str | None) -> PooledConnection:
        """Begin a transaction, if one is to be begun, on another connection if this one was lost.

        Nothing of the caller's has run yet, so that beginning again is safe, and a restart shorter than the
        deadline is a delay for the caller and no failure.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + ACQUIRE_TIMEOUT_SECONDS
        while True:
            try:
                # One that is idle comes at once, and waiting for it with a timeout would cost a task.
                timeout = None if self._pool.get_idle_size() else max(deadline - clock(), 0.001)
                connection = await self._pool.acquire(timeout=timeout)
                if begin is not None:
                    await self._begin_on(connection, begin)
            except _CONNECTION_LOST as error:
                if self._pool.is_closing():
                    raise _unreachable() from error
                if clock() + RECONNECT_INTERVAL_SECONDS < deadline:
                    await asyncio.sleep(RECONNECT_INTERVAL_SECONDS)
                elif isinstance(error, TimeoutError) and self._is_exhausted():
                    raise OverloadedError(
                        "Every connection to the database is in use.", retry_after_seconds=RETRY_AFTER_SECONDS
                    ) from error
                else:
                    raise _unreachable() from error
            else:
                return connection

    async def _begin_on(self, connection: PooledConnection, begin: str) -> None:
        try:
            await connection.execute(begin)
        except BaseException as error:
            if isinstance(error, _CONNECTION_LOST):
                # The driver may not have noticed yet that the server closed it.
                connection.terminate()
            await self._pool.release(connection)
            raise

    def _give_back(self, connection: PooledConnection, *, in_transaction: bool = False) -> None:
        """Returns a connection to the pool, without the caller's waiting for it.

        If it cannot be made ready for its next use, the pool closes it; what it was used for is done.
        """
        task = asyncio.get_running_loop().create_task(
            self._end_and_release(connection) if in_transaction else self._pool.release(connection)
        )
        self._giving_back.add(task)
        task.add_done_callback(self._given_back)

    async def _end_and_release(self, connection: PooledConnection) -> None:
        try:
            await _roll_back(connection)
        finally:
            await self._pool.release(connection)

    def _given_back(self, task: asyncio.Task[None]) -> None:
        self._giving_back.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("connection closed instead of used again", room=self.room, error=error)

    def _is_exhausted(self) -> bool:
        return self._pool.get_size() - self._pool.get_idle_size() >= self._pool.get_max_size()


async def _commit(connection: Connection) -> None:
    """Commit; an error that the caller has swallowed must not pass for a commit."""
    outcome = await connection.execute(COMMIT)
    if outcome != COMMIT:
        raise asyncpg.InFailedSQLTransactionError(f"the transaction ended with {outcome}")


async def _roll_back(connection: Connection) -> None:
    """Roll back; if the connection is lost, the server does it, and what was raised before says more."""
    try:
        await connection.execute(ROLLBACK)
    except _CONNECTION_LOST:
        return


def map_database_error(error: BaseException) -> TimeloomError | None:
    """What a client may be told about a failure of the database; None when `error` is not one.

    The driver's own text stays out of it: that names tables and values, and belongs into the log.
    """
    for kinds, answer in _ANSWERS:
        if isinstance(error, kinds):
            return answer()
    # The driver says so in words alone when a connection was lost between two statements: it is closed, and
    # the pool has taken it back.
    if isinstance(error, asyncpg.InterfaceError) and ("clos" in str(error) or "released" in str(error)):
        return _unreachable()
    return None


def _unreachable() -> TimeloomError:
    return UnavailableError("The database cannot be reached.", retry_after_seconds=RETRY_AFTER_SECONDS)


def _conflict() -> TimeloomError:
    return ConflictError(
        "Another change of the same data came in between; try again.", retry_after_seconds=RETRY_AFTER_SECONDS
    )


def _exhausted() -> TimeloomError:
    return OverloadedError(
        "The database is at its limits; try again.", retry_after_seconds=RETRY_AFTER_SECONDS
    )


# The first that fits answers: the more special stand before the more general.
_ANSWERS: tuple[tuple[tuple[type[BaseException], ...], Callable[[], TimeloomError]], ...] = (
    (
        (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError),
        _conflict,
    ),
    (
        (asyncpg.QueryCanceledError, TimeoutError),
        lambda: DeadlineExceededError("The database took too long to answer."),
    ),
    (
        (asyncpg.UniqueViolationError,),
        lambda: AlreadyExistsError("A resource of this identifier exists already."),
    ),
    (
        (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError),
        lambda: InvalidFieldError("Text must not contain the character U+0000."),
    ),
    ((asyncpg.TooManyConnectionsError,), _exhausted),
    (
        (
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,
            asyncpg.InsufficientResourcesError,
            asyncpg.ReadOnlySQLTransactionError,
            # What the driver raises when the server's farewell arrives between two statements.
            asyncpg.InternalClientError,
            ConnectionError,
        ),
        _unreachable,
    ),
    (
        (asyncpg.PostgresError,),
        lambda: InternalError("The database refused the statement."),
    ),
)


def _server_settings(room: str) -> dict[str, str]:
    return {
        "application_name": f"timeloom-{room}",
        "role": role_of(room),
        "search_path": room,
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
        # Compiling a statement costs more than all that ours take.
        "jit": "off",
    }


async def _keep_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Spare the pool's `RESET ALL`, a round trip for each transaction: all that we set is local to one."""
