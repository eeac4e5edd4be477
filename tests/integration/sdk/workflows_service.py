"""The workflows service for blocking tests, with time travel: in an event loop of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Coroutine, Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import nats

from tests.integration.sdk.service import CACHE_BYTES, Keys
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.bus import Bus
from timeloom_platform.bus.streams import EVENTS
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import GrpcServer, ServiceBinding
from timeloom_platform.testing import Databases, eventually, servers
from timeloom_snapshots import assembly as snapshots
from timeloom_workflows import assembly as workflows
from timeloom_workflows import events
from timeloom_workflows.actions.llm import LlmSettings
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.settings import ActionSettings, EngineSettings
from timeloom_workflows.travel.chronicle import SERVICES, Chronicle
from timeloom_workflows.travel.follower import Follower
from timeloom_workflows.travel.reconciler import Reconciler
from timeloom_workflows.travel.recorder import Recorder

POOL_SIZE = 8
_ACTIONS = ActionSettings(llm=LlmSettings(), private_hosts="localhost")


class WorkflowsService:
    """Workflows and snapshots over a fresh database, at one address, as the gateway's front shows them."""

    def __init__(self, databases: Databases) -> None:
        self.api_key, self.admin_key = str(new_api_key()), str(new_api_key())
        self.address = f"127.0.0.1:{ports.choose()}"
        self._travel_address = f"127.0.0.1:{ports.choose()}"
        self._secret = secrets.token_hex(32)
        self._keys = Keys({self.api_key: Scope.WRITE, self.admin_key: Scope.ADMIN})
        self._databases = databases
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def running(self) -> Generator[WorkflowsService]:
        """Runs the service for the block."""
        thread = threading.Thread(target=self._loop.run_forever, name="workflows service", daemon=True)
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

    @contextmanager
    def without_snapshots(self) -> Generator[None]:
        """Takes the snapshots service away from the recorder for the block; clients still reach it."""
        asyncio.run_coroutine_threadsafe(self._recorded.stop(0, notice_seconds=0), self._loop).result(60)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._serve_recorder(), self._loop).result(60)

    @contextmanager
    def losing_events(self) -> Generator[None]:
        """Loses all events of the block before anybody could follow them, as a very long outage does."""
        self._do(self._stop_following())
        try:
            yield
        finally:
            self._do(self._purge_events())
            self._follow()

    @contextmanager
    def reconciling(self) -> Generator[None]:
        """Goes through all executions for what time travel has missed, for the block."""
        reconciler = Reconciler(
            database=self._database, recorder=self._recorder, quiet=timedelta(0), rest_seconds=0.05
        )
        running = asyncio.run_coroutine_threadsafe(reconciler.run(), self._loop)
        try:
            yield
        finally:
            running.cancel()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _follow(self) -> None:
        follower = Follower(self._bus, self._recorder)
        self._following = asyncio.run_coroutine_threadsafe(follower.run(), self._loop)

    async def _stop_following(self) -> None:
        self._following.cancel()
        await asyncio.sleep(0)

    async def _purge_events(self) -> None:
        # What is still to be published would be followed later.
        await eventually(self._is_all_published)
        connection = await nats.connect(self._nats_url)
        try:
            await connection.jetstream().purge_stream(EVENTS)
        finally:
            await connection.close()

    async def _is_all_published(self) -> bool:
        async with self._database.system_transaction() as connection:
            return bool(await connection.fetchval("SELECT NOT EXISTS (SELECT FROM outbox)"))

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            server_of_events = await stack.enter_async_context(servers.throw_away_nats())
            self._nats_url = server_of_events.url
            bus = self._bus = await Bus.connect(self._nats_url, name="timeloom-test")
            stack.push_async_callback(bus.close)
            url = await self._databases.create(
                {workflows.ROOM: workflows.PACKAGE, snapshots.ROOM: snapshots.PACKAGE}
            )
            stack.push_async_callback(self._databases.drop, url)
            self._snapshots = await self._snapshots_of(stack, url)
            await self._serve_recorder()
            stack.push_async_callback(self._stop_recorder)
            database = self._database = await self._connected(stack, url, workflows.ROOM)
            outside = Outside(_ACTIONS, secret=self._secret, environ={})
            stack.push_async_callback(outside.close)
            service = workflows.assembled(
                database=database,
                cursors=Cursors(self._secret),
                clock=lambda: datetime.now(UTC),
                engine=EngineSettings(),
                outside=outside,
            )
            server = self._server(self.address, [*service.bindings, *self._snapshots.bindings])
            await server.start()
            stack.push_async_callback(partial(server.stop, 0, notice_seconds=0))
            stack.callback(service.end_streams)
            channel = open_channel(
                self._travel_address, services=SERVICES, tokens=InternalTokens(self._secret)
            )
            await stack.enter_async_context(channel)
            self._recorder = Recorder(database=database, chronicle=Chronicle(channel))
            self._follow()
            stack.push_async_callback(self._stop_following)
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(work)
                    for work in (
                        service.run(),
                        service.listen(bus),
                        OutboxRelay(database, bus, merge=events.merged).run(),
                    )
                ]
                self._ready.set()
                await self._stop.wait()
                for task in background:
                    task.cancel()

    async def _snapshots_of(self, stack: AsyncExitStack, url: str) -> snapshots.Assembly:
        database = await self._connected(stack, url, snapshots.ROOM)
        assembly = snapshots.assembled(
            database=database,
            cursors=Cursors(self._secret),
            clock=lambda: datetime.now(UTC),
            cache_bytes=CACHE_BYTES,
        )
        stack.push_async_callback(assembly.committer.close)
        return assembly

    async def _serve_recorder(self) -> None:
        self._recorded = self._server(self._travel_address, self._snapshots.bindings)
        await self._recorded.start()

    async def _stop_recorder(self) -> None:
        await self._recorded.stop(0, notice_seconds=0)

    async def _connected(self, stack: AsyncExitStack, url: str, room: str) -> Database:
        database = await Database.connect(url, room=room, pool_size=POOL_SIZE)
        stack.push_async_callback(database.close)
        return database

    def _server(self, address: str, services: Sequence[ServiceBinding]) -> GrpcServer:
        return GrpcServer(
            listen=address,
            authenticator=CallAuthenticator(tokens=InternalTokens(self._secret), keys=self._keys),
            services=services,
        )
