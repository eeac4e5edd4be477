"""Who follows the log of PostgreSQL, and since when."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import asyncpg
import structlog

from timeloom_workspace.shapes.changes import Committed, TableName
from timeloom_workspace.shapes.pgoutput import DecodeError
from timeloom_workspace.shapes.replication import AnotherReaderError, Stream, open_stream
from timeloom_workspace.shapes.tables import Registration

RESTART_SECONDS: Final = 1.0
RENEW_SECONDS: Final = 60.0
"""How long a slot is kept at least, though a table is asked for that it does not know."""
SETTLE_SECONDS: Final = 10.0
"""How long a first request waits for it to be known which replica follows changes."""
SLOT_IDLE_SECONDS: Final = 60.0
"""Without a shape the slot is kept for so long: to begin one costs more than to keep it."""

LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What is raised when PostgreSQL cannot be reached."""
_NOT_ALLOWED: Final = (
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ConfigurationLimitExceededError,
)
_logger = structlog.get_logger(__name__)


class Audience(Protocol):
    """Those for whom the log is followed."""

    @property
    def is_there(self) -> bool:
        """Whether somebody wants to know of changes at all."""
        ...

    @property
    def publications(self) -> Collection[str]:
        """Of which tables: the publications that tell of them."""
        ...

    def take(self, committed: Committed) -> None:
        """Learns of a transaction."""
        ...

    def lose(self) -> None:
        """Learns that there will be gaps in what is told: all begin anew."""
        ...

    def refuse(self, reason: str) -> None:
        """Learns that nothing will be told until somebody has set up the database."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A publication whose changes are asked for.

    Attributes:
        since_beginning: Whether they have been since the slot began.
        known: Its tables of which nothing can have been read past that a snapshot does not have.
    """

    since_beginning: bool
    known: set[TableName] = field(default_factory=set[TableName])


class Follower:
    """Follows the log for an audience, as long as there is one.

    Args:
        url: Of the database, as a role that may replicate.
        publications: Of the tables that may be followed.
        address: Where this process serves; other replicas ask here while it follows changes.
        poll_seconds: How often PostgreSQL is asked.
        audience: Learns of changes.
    """

    def __init__(
        self,
        *,
        url: str,
        publications: Sequence[str],
        address: str,
        poll_seconds: float,
        audience: Audience,
    ) -> None:
        self._url = url
        self._publications = publications
        self._address = address
        self._poll_seconds = poll_seconds
        self._audience = audience
        self._stream: Stream | None = None
        self._named: dict[str, _Named] = {}
        self._turn = asyncio.Event()
        self._renew_time = 0.0
        self._has_to_renew = False
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._elsewhere = ""
        self.failure = "Shapes are being started."
        self.streaming = asyncio.Event()

    @property
    def is_active(self) -> bool:
        """Whether changes are being followed."""
        return self.streaming.is_set()

    def want(self) -> None:
        """Says that there is an audience."""
        self._wanted.set()

    async def reader(self) -> str:
        """Where the replica is that follows changes; empty if it is this one, or if nobody could be found."""
        if not self.is_active:
            self._wanted.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_SECONDS):
                    await self._settled.wait()
        return "" if self.is_active else self._elsewhere

    def seek_reader(self) -> None:
        """Looks anew for who follows changes: the replica that did is gone."""
        self._elsewhere = ""
        self._settled.clear()
        self._wanted.set()

    def is_published(self, registration: Registration) -> bool:
        """Whether changes of a table can be followed; if not, the slot is begun anew and may know it then."""
        stream = self._stream
        if stream is None:
            return False
        # One that is not ours was published before its shape began: the slot hears of it.
        is_there = registration.oid is not None or registration.relation in stream.tables
        if is_there and registration.publication in stream.publications:
            return True
        now = time.monotonic()
        if now - self._renew_time > RENEW_SECONDS:
            self._renew_time = now
            self._has_to_renew = True
        return False

    async def names(self, registration: Registration) -> None:
        """Returns when changes of a table that the audience wants are asked for, or the slot is lost.

        What is committed from then on is told. What was committed before may have been read past.
        """
        while self.is_active and registration.publication not in self._named:
            await self._turn.wait()

    def knows_all_of(self, registration: Registration) -> bool:
        """Whether nothing of a table can have been read past that a snapshot does not have."""
        named = self._named.get(registration.publication)
        return named is not None and (named.since_beginning or registration.relation in named.known)

    def note_all_known(self, registration: Registration) -> None:
        """Remembers that who wrote a table when it was first named has ended since."""
        if named := self._named.get(registration.publication):
            named.known.add(registration.relation)

    async def run(self) -> None:
        """Follows what is committed, until it is cancelled."""
        while True:
            await self._wanted.wait()
            try:
                async with open_stream(self._url, self._publications, address=self._address) as stream:
                    await self._read(stream)
            except AnotherReaderError as error:
                self.failure = "Another replica of the service has the shapes."
                self._elsewhere = error.address
                self._settled.set()
            except DecodeError:
                self.failure = "Changes could not be read."
                _logger.exception("changes could not be decoded")
            except _NOT_ALLOWED as error:
                self._refuse(
                    "The database does not let changes be followed: it needs wal_level=logical and a free "
                    "replication slot, and the service's role the attribute REPLICATION."
                )
                _logger.warning("changes cannot be followed", error=str(error))
            except LOST as error:
                self.failure = "The database does not let changes be followed."
                _logger.warning("changes are no longer followed", error=str(error))
            finally:
                self._stop()
            await asyncio.sleep(RESTART_SECONDS)

    def _refuse(self, reason: str) -> None:
        """Tells everybody who waits: trying again changes nothing until somebody has set up the database."""
        self.failure = reason
        self._settled.set()
        self._audience.refuse(reason)

    def _stop(self) -> None:
        was_streaming = self.streaming.is_set()
        self.streaming.clear()
        self._stream = None
        self._named = {}
        self._next_turn()
        if was_streaming:
            self._settled.clear()
            self._audience.lose()
        if not self._audience.is_there:
            self._wanted.clear()

    async def _read(self, stream: Stream) -> None:
        """Reads until there has been no audience for a while."""
        self._stream = stream
        self.streaming.set()
        self._elsewhere = ""
        self._settled.set()
        _logger.info("changes are followed", tables=len(stream.tables))
        needed_time = time.monotonic()
        is_first = True
        while True:
            begin_time = time.monotonic()
            if self._audience.is_there:
                needed_time = begin_time
            elif begin_time - needed_time > SLOT_IDLE_SECONDS:
                return
            if self._has_to_renew:
                self._has_to_renew = False
                return
            self._name(is_first=is_first)
            is_first = False
            if not await stream.read(self._named, self._audience.take):
                # Where reading takes long, PostgreSQL is left alone for as long.
                took = time.monotonic() - begin_time
                await asyncio.sleep(max(self._poll_seconds, took))

    def _name(self, *, is_first: bool) -> None:
        """Settles of which tables changes are asked for next: of no others, so that these cost nothing."""
        assert self._stream is not None
        self._named = {
            each: self._named.get(each) or _Named(since_beginning=is_first)
            for each in self._stream.publications.intersection(self._audience.publications)
        }
        self._next_turn()

    def _next_turn(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
