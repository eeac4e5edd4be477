"""The snapshots service for blocking tests: in an event loop of its own, to be stopped and started again."""

from __future__ import annotations

import asyncio
import secrets
import threading
import uuid
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import GrpcServer
from timeloom_platform.testing import Databases
from timeloom_snapshots.assembly import Assembly, assembled

T = TypeVar("T")

FAR_FUTURE = 2.0**33
CACHE_BYTES = 32 * 1024 * 1024


class Keys:
    """The keys of one project."""

    def __init__(self, keys: dict[str, Scope]) -> None:
        self._keys = keys
        self._project_id = str(uuid.uuid4())

    async def resolve(self, api_key: str) -> ResolvedKey:
        if api_key not in self._keys:
            raise InvalidApiKeyError("The API key is unknown.")
        identity = Identity(project_id=self._project_id, scope=self._keys[api_key])
        return ResolvedKey(identity=identity, expire_time=FAR_FUTURE)


class Service:
    """The service over a fresh database, at an address that stays the same."""

    def __init__(self, databases: Databases) -> None:
        self.api_key = str(new_api_key())
        self.reader_key = str(new_api_key())
        self.admin_key = str(new_api_key())
        self.address = f"127.0.0.1:{ports.choose()}"
        self.databases = databases
        self._secret = secrets.token_hex(32)
        self._keys = Keys(
            {self.api_key: Scope.WRITE, self.reader_key: Scope.READ, self.admin_key: Scope.ADMIN}
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="service", daemon=True)

    @contextmanager
    def running(self) -> Generator[Service]:
        """Runs the service for the block."""
        self._thread.start()
        try:
            self._url = self._run(self.databases.create({"snapshots": "timeloom_snapshots"}))
            self._run(self._start())
            try:
                yield self
            finally:
                self._run(self._stop())
                self._run(self.databases.drop(self._url))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @contextmanager
    def away(self) -> Generator[None]:
        """Stops the service for the block, without letting calls finish."""
        self._run(self._stop())
        try:
            yield
        finally:
            self._run(self._start())

    def restart(self, times: int = 1) -> None:
        """Stops it and starts it with nothing remembered."""
        for _ in range(times):
            with self.away():
                pass

    async def _start(self) -> None:
        self._database = await Database.connect(self._url, room="snapshots", pool_size=4)
        self._assembly: Assembly = assembled(
            database=self._database,
            cursors=Cursors(self._secret),
            clock=lambda: datetime.now(UTC),
            cache_bytes=CACHE_BYTES,
        )
        self._server = GrpcServer(
            listen=self.address,
            authenticator=CallAuthenticator(tokens=InternalTokens(self._secret), keys=self._keys),
            services=self._assembly.bindings,
        )
        await self._server.start()

    async def _stop(self) -> None:
        await self._server.stop(0, notice_seconds=0)
        await self._assembly.committer.close()
        await self._database.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)
