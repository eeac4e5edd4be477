"""What both doors do with a request: who sends it, whether there is room, what it says, and its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_observability.ids import Names
from timeloom_observability.ingesting import RETRY_AFTER_SECONDS, Batch, Ingestor
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.otlp.wire import Form
from timeloom_observability.prices import PriceTables
from timeloom_observability.receiving.bodies import REQUEST_BYTES_MAX, inflated
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.signals import Signal
from timeloom_platform.auth import API_KEY_METADATA, Scope
from timeloom_platform.authentication import Authenticator
from timeloom_platform.errors import MissingScopeError, TooLargeError, UnavailableError

UNDER_WAY_BYTES_MAX: Final = 128 * 1024 * 1024
"""What requests that are not answered yet may take together."""
UNDER_WAY_MAX: Final = 512
"""So many requests at a time."""
INLINE_BYTES_MAX: Final = 1024 * 1024
"""What is larger is read in a thread, so that nobody else waits for it."""

API_KEY_HEADER: Final = "x-api-key"
"""Where exporters put a key that cannot set `authorization`."""


class Passage:
    """A request on its way in."""

    def __init__(self, counts: DoorCounts) -> None:
        self._counts = counts
        self.size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Counts what has arrived of it.

        Raises:
            UnavailableError: There is no room for it now.
        """
        if self.size_bytes and self._counts.under_way_bytes + size_bytes > UNDER_WAY_BYTES_MAX:
            raise _no_room()
        self.size_bytes += size_bytes
        self._counts.under_way_bytes += size_bytes

    def leave(self) -> None:
        """Makes room for others."""
        self._counts.under_way_bytes -= self.size_bytes
        self.size_bytes = 0


class Intake:
    """Takes requests in.

    Args:
        authenticator: Finds out who sends them.
        ingestor: Commits what they say.
        prices: What models cost.
        clock: The time.
        counts: What is counted.
    """

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        ingestor: Ingestor,
        prices: PriceTables,
        clock: Callable[[], datetime],
        counts: DoorCounts,
    ) -> None:
        self._authenticator = authenticator
        self._ingestor = ingestor
        self._prices = prices
        self._clock = clock
        self._counts = counts
        # One large request after the other: they would take each other's time, and more memory.
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="otlp")

    async def project_of(self, headers: Mapping[str, str | bytes]) -> UUID:
        """Returns the project that whoever sends these headers may write to.

        Raises:
            UnauthenticatedError: There is no key.
            InvalidApiKeyError: There is no such key, or it was revoked.
            ExpiredApiKeyError: The key is past its time.
            MissingScopeError: The key does not allow to write, or to write to a project.
        """
        key = headers.get(API_KEY_HEADER)
        if key is not None and API_KEY_METADATA not in headers:
            headers = {**headers, API_KEY_METADATA: f"Bearer {key!s}"}
        identity = await self._authenticator.authenticate(headers)
        if not identity.scope.allows(Scope.WRITE):
            raise MissingScopeError(
                f"Sending telemetry needs the scope WRITE; this key has {identity.scope.name}.",
                metadata={"neededScope": Scope.WRITE.name, "scope": identity.scope.name},
            )
        if not identity.project_id:
            raise MissingScopeError("Telemetry belongs to a project; the credentials name none.")
        return UUID(identity.project_id)

    @contextmanager
    def passage(self) -> Generator[Passage]:
        """Lends a way in.

        Raises:
            UnavailableError: So many are on their way already.
        """
        counts = self._counts
        if counts.under_way >= UNDER_WAY_MAX or counts.under_way_bytes >= UNDER_WAY_BYTES_MAX:
            raise _no_room()
        counts.under_way += 1
        passage = Passage(counts)
        try:
            yield passage
        finally:
            passage.leave()
            counts.under_way -= 1

    async def take(
        self,
        signal: Signal,
        form: Form,
        data: bytes,
        *,
        project_id: UUID,
        passage: Passage,
        is_compressed: bool = False,
    ) -> Outcome:
        """Returns what a request came to, once that is committed.

        Raises:
            MalformedTelemetryError: It cannot be read.
            TooLargeError: It is too large, decompressed.
            UnavailableError: It cannot be committed now.
        """
        now_ns = int(self._clock().timestamp() * 1_000_000) * 1_000
        receiver = Receiver(names=Names(project_id), prices=await self._prices.of(project_id), now_ns=now_ns)
        if is_compressed:
            data = await self._inflated(data)
            passage.grow(len(data))
        outcome = await self._read(signal, form, data, receiver)
        size_bytes = len(data)
        batch = Batch(events=outcome.events, scores=outcome.scores, points=outcome.points)
        await self._ingestor.take(project_id, batch, size_bytes=size_bytes)
        self._counts.taken(signal.name, outcome, size_bytes)
        return outcome

    async def _inflated(self, data: bytes) -> bytes:
        try:
            return inflated(data, limit_bytes=INLINE_BYTES_MAX)
        except TooLargeError:
            return await asyncio.get_running_loop().run_in_executor(self._reader, _inflate, data)

    async def _read(self, signal: Signal, form: Form, data: bytes, receiver: Receiver) -> Outcome:
        if len(data) <= INLINE_BYTES_MAX:
            return signal.read(data, form, receiver)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, signal.read, data, form, receiver)

    def close(self) -> None:
        """Ends the thread that reads."""
        self._reader.shutdown(wait=False)


def _inflate(data: bytes) -> bytes:
    return inflated(data, limit_bytes=REQUEST_BYTES_MAX)


def _no_room() -> UnavailableError:
    return UnavailableError(
        "More telemetry arrives than can be taken.", retry_after_seconds=RETRY_AFTER_SECONDS
    )
