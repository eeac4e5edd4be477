"""The workspace service for blocking tests: in an event loop of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from tests.integration.sdk.service import Keys
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import GrpcServer
from timeloom_platform.testing import Databases
from timeloom_workspace.assembly import PACKAGE, ROOM, assembled
from timeloom_workspace.parts import Surroundings


class WorkspaceService:
    """The service over a fresh database."""

    def __init__(self, databases: Databases) -> None:
        self.api_key, self.admin_key = str(new_api_key()), str(new_api_key())
        self.address = f"127.0.0.1:{ports.choose()}"
        self._databases = databases
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def running(self) -> Generator[WorkspaceService]:
        """Runs the service for the block."""
        thread = threading.Thread(target=self._loop.run_forever, name="workspace service", daemon=True)
        thread.start()
        serving = asyncio.run_coroutine_threadsafe(self._serve(), self._loop)
        try:
            while not self._ready.wait(0.1):
                assert not serving.done(), serving.exception()
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            serving.result(60)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _serve(self) -> None:
        secret = secrets.token_hex(32)
        async with AsyncExitStack() as stack:
            url = await self._databases.create({ROOM: PACKAGE})
            stack.push_async_callback(self._databases.drop, url)
            database = await Database.connect(url, room=ROOM)
            stack.push_async_callback(database.close)
            assembly = assembled(
                Surroundings(
                    database=database,
                    cursors=Cursors(secret),
                    clock=lambda: datetime.now(UTC),
                    master_keys=MasterKeys(secret),
                )
            )
            keys = Keys({self.api_key: Scope.WRITE, self.admin_key: Scope.ADMIN})
            server = GrpcServer(
                listen=self.address,
                authenticator=CallAuthenticator(tokens=InternalTokens(secret), keys=keys),
                services=assembly.bindings,
            )
            await server.start()
            stack.push_async_callback(partial(server.stop, 0, notice_seconds=0))
            stack.callback(assembly.end_streams)
            self._ready.set()
            await self._stop.wait()
