"""Connections of the engine's own: for single statements over all projects, each a transaction by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from timeloom_platform.database import Connection, Database, map_database_error, system_role_of
from timeloom_platform.errors import UnavailableError

# Whatever statistics say of a table that is new: keys are looked up one by one.
_PREPARE: Final = """
SET ROLE {role};
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
"""
CLOSE_TIMEOUT_SECONDS: Final = 2.0

FIRST_PLANS_TURNS: Final = 64
PLANS_FACTOR: Final = 4
"""Plans that were made while tables were small are made anew: after so many turns, four times as many, …"""


class SystemConnection:
    """One connection under the room's system role, opened when it is needed, and anew when it was lost.

    Statements take turns on it. It is for the engine's own work and never for a request: it sees the rows of
    all projects.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._turn = asyncio.Lock()
        self._turns = 0
        self._plans_turns = FIRST_PLANS_TURNS

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Runs a statement and returns its rows.

        Raises:
            UnavailableError: The connection was lost: whether the statement was committed, nobody knows.
        """
        async with self.turn() as connection:
            return await connection.fetch(statement, *arguments)

    async def fetchrow(self, statement: str, *arguments: object) -> asyncpg.Record | None:
        """Runs a statement and returns its first row.

        Raises:
            UnavailableError: The connection was lost: whether the statement was committed, nobody knows.
        """
        async with self.turn() as connection:
            return await connection.fetchrow(statement, *arguments)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Connection]:
        """Lends the connection for statements that belong together; `Connection.transaction` makes them one.

        Raises:
            UnavailableError: The connection was lost.
        """
        async with self._turn:
            connection = self._connection
            if connection is None or connection.is_closed():
                connection = self._connection = await self._open()
            try:
                await self._plan_anew(connection)
                yield connection
            except asyncio.CancelledError:
                # What the server does with the statement nobody waits for any more.
                connection.terminate()
                raise
            except Exception as error:
                mapped = map_database_error(error)
                if isinstance(mapped, UnavailableError):
                    connection.terminate()
                    raise mapped from error
                raise

    async def close(self) -> None:
        """Closes the connection; another use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=CLOSE_TIMEOUT_SECONDS)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    async def _plan_anew(self, connection: Connection) -> None:
        """Lets statements be planned for tables as large as they are, long before they are analysed."""
        self._turns += 1
        if self._turns >= self._plans_turns:
            self._plans_turns *= PLANS_FACTOR
            await connection.execute("DISCARD PLANS")

    async def _open(self) -> asyncpg.Connection[asyncpg.Record]:
        connection = await self._database.open_connection()
        try:
            await connection.execute(_PREPARE.format(role=system_role_of(self._database.room)))
        except BaseException:
            connection.terminate()
            raise
        return connection
