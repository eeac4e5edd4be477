"""The stream between a worker and the engine, opened again for as long as the worker has something to do."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Final

import grpc.aio

from timeloom._calls import Connection
from timeloom.errors import (
    AuthenticationError,
    InvalidRequestError,
    MissingScopeError,
    TimeloomError,
    UnavailableError,
)
from timeloom.final_status import FinalStatus
from timeloom.workflows import _times
from timeloom.workflows._desk import Desk
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages

BACKOFF_SECONDS_MIN: Final = 0.05
BACKOFF_SECONDS_MAX: Final = 2.0
WELCOME_SECONDS_MAX: Final = 30.0
"""How long the engine may take to greet, which includes a wait for its database."""

_logger = logging.getLogger("timeloom.workflows")

_Call = grpc.aio.StreamStreamCall[messages.WorkRequest, messages.WorkResponse]


class WorkStream:
    """Carries what the desk has to say, and what the engine answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._work = asyncio.Event()
        self._welcomed = asyncio.Event()
        self._heartbeat_seconds = 5.0
        self._failures = 0
        self.connected = asyncio.Event()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._work.set()

    async def run(self, desk: Desk) -> None:
        """Converse until cancelled; a stream that breaks is followed by another one.

        Raises:
            TimeloomError: The engine refuses this worker, and would again.
        """
        while True:
            error = await self._converse(desk)
            desk.disconnected()
            self.connected.clear()
            if isinstance(error, (AuthenticationError, MissingScopeError, InvalidRequestError)):
                raise error
            if error is not None:
                _logger.warning("The stream of the worker broke: %s", error)
            self._failures += 1
            delay = min(BACKOFF_SECONDS_MIN * 2 ** min(self._failures - 1, 10), BACKOFF_SECONDS_MAX)
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections

    async def _converse(self, desk: Desk) -> TimeloomError | None:
        """Send and receive until the stream ends, and return why it did."""
        call = self._connection.workflow_worker.Work(metadata=self._connection.metadata)
        status = FinalStatus(call)
        self._welcomed.clear()
        writer = asyncio.create_task(self._write(call, desk), name="timeloom-work-writer")
        try:
            async for response in call:
                kind = response.WhichOneof("message")
                if kind == "drain":
                    return None
                desk.receive(response)
                if kind == "welcome":
                    self._greeted(response.welcome)
        except grpc.aio.AioRpcError as fault:
            error = await status.of(fault)
            return None if error is None else self._connection.failed(error)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return UnavailableError("The channel was closed")
        finally:
            writer.cancel()
            call.cancel()
            # What keeps the writer from writing is what the reader has reported.
            await asyncio.gather(writer, return_exceptions=True)
        return None

    def _greeted(self, welcome: messages.WorkerWelcome) -> None:
        self._heartbeat_seconds = _times.seconds_of(welcome.heartbeat_interval) or self._heartbeat_seconds
        self._failures = 0
        self._welcomed.set()
        self.connected.set()

    async def _write(self, call: _Call, desk: Desk) -> None:
        await call.write(desk.hello())
        try:
            async with asyncio.timeout(WELCOME_SECONDS_MAX):
                await self._welcomed.wait()
        except TimeoutError:
            call.cancel()
            return
        loop = asyncio.get_running_loop()
        heartbeat_time = loop.time()
        while True:
            self._work.clear()
            message = desk.outgoing()
            if loop.time() >= heartbeat_time:
                await call.write(desk.heartbeat())
                heartbeat_time = loop.time() + self._heartbeat_seconds
            if message is not None:
                await call.write(message)
                continue
            await self._wait(heartbeat_time - loop.time())

    async def _wait(self, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(max(seconds, 0.0), self._work.set)
        try:
            await self._work.wait()
        finally:
            timer.cancel()
