"""The memory service for blocking tests: in an event loop of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial

from tests.integration.memory.words import NAME, WordsEmbedder
from tests.integration.sdk.service import Keys
from timeloom_memory.assembly import PACKAGE, ROOM, Assembly, assembled
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import IndexSettings
from timeloom_memory.search.settings import SearchSettings
from timeloom_memory.storage import vectors
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import GrpcServer
from timeloom_platform.testing import Databases

OTHER_MODEL = "openai:text-embedding-3-small"
"""A model that namespaces can change to: the same vectors by the name that the documentation uses."""


class MemoryService:
    """The service over a fresh database, with a model that is made in no time."""

    def __init__(self, databases: Databases) -> None:
        self.api_key, self.admin_key = str(new_api_key()), str(new_api_key())
        self.address = f"127.0.0.1:{ports.choose()}"
        self._databases = databases
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def running(self) -> Generator[MemoryService]:
        """Runs the service for the block."""
        thread = threading.Thread(target=self._loop.run_forever, name="memory service", daemon=True)
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
            database = await Database.connect(url, room=ROOM, prepare=vectors.prepare)
            stack.push_async_callback(database.close)
            indexing = Indexing.of(IndexSettings(), database)
            stack.push_async_callback(indexing.close)
            assembly = assembled(
                database=database,
                cursors=Cursors(secret),
                clock=lambda: datetime.now(UTC),
                embedders=Embedders(
                    {NAME: WordsEmbedder(), OTHER_MODEL: WordsEmbedder()}, default_model=NAME
                ),
                tokenizer=Tokenizer(),
                indexing=indexing,
                search=SearchSettings(),
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
            await stack.enter_async_context(_doing(assembly))
            self._ready.set()
            await self._stop.wait()


@asynccontextmanager
async def _doing(assembly: Assembly) -> AsyncGenerator[None]:
    """Does what the service does in the background: jobs, and the noting of what is used."""
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(each.run())
            for each in (assembly.job_runner, assembly.accesses, assembly.kept_embedders)
        ]
        yield
        for task in background:
            task.cancel()
