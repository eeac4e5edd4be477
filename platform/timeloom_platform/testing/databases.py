"""A fresh, migrated database for each test that wants one, copied from a template."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from timeloom_platform.testing.lease import PostgresAddress, TestRun

Rooms = Mapping[str, str]
"""Schema -> package with its migrations, such as `{"snapshots": "timeloom_snapshots"}`, in order."""


class Databases:
    """Makes databases in a test run's PostgreSQL; a set of rooms is migrated once in a run."""

    def __init__(self, run: TestRun) -> None:
        self._run = run
        self._address: PostgresAddress | None = None

    @asynccontextmanager
    async def fresh(self, rooms: Rooms | None = None) -> AsyncGenerator[str]:
        """Lends the address of a new database, with the rooms' tables and no rows; drops it afterwards."""
        url = await self.create(rooms)
        try:
            yield url
        finally:
            await self.drop(url)

    async def create(self, rooms: Rooms | None = None) -> str:
        """Makes a database and returns its address, as the owner that the services connect as."""
        address = await self._connect_once()
        template = await self._template(rooms) if rooms else "template1"
        name = f"test_{uuid.uuid4().hex}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return address.url(name)

    async def drop(self, url: str) -> None:
        """Drops a database that `create` made, whoever is still connected."""
        await self._execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def superuser_url(self, url: str) -> str:
        """The address of the same database for the cluster's superuser."""
        address = await self._connect_once()
        return address.url(urlsplit(url).path[1:], superuser=True)

    async def _connect_once(self) -> PostgresAddress:
        if self._address is None:
            self._address = await asyncio.to_thread(self._run.postgres)
        return self._address

    async def _template(self, rooms: Rooms) -> str:
        digest = hashlib.sha256(repr(list(rooms.items())).encode()).hexdigest()[:12]
        name = f"template_{digest}"
        lock = self._run.locked(name)
        await asyncio.to_thread(lock.__enter__)
        try:
            if not await self._exists(name):
                await self._make_template(name, rooms)
        finally:
            lock.__exit__(None, None, None)
        return name

    async def _make_template(self, name: str, rooms: Rooms) -> None:
        # Imported here: the tests of the platform itself need databases before there is anything to migrate.
        from timeloom_platform.migrate import migrate  # noqa: PLC0415

        address = await self._connect_once()
        unfinished = f"{name}_unfinished"
        await self._execute(f'DROP DATABASE IF EXISTS "{unfinished}"')
        await self._execute(f'CREATE DATABASE "{unfinished}"')
        for room, package in rooms.items():
            await migrate(address.url(unfinished), room=room, package=package)
        await self._execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')

    async def _exists(self, name: str) -> bool:
        connection = await self._open()
        try:
            return bool(await connection.fetchval("SELECT TRUE FROM pg_database WHERE datname = $1", name))
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await self._open()
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _open(self) -> "asyncpg.Connection[asyncpg.Record]":
        address = await self._connect_once()
        return await asyncpg.connect(address.url("timeloom"))
