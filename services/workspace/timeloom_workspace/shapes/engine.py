"""The shapes that are kept, and the changes that reach them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import randbelow
from typing import Any, Final

import asyncpg
import structlog

from timeloom_workspace.shapes import catalogue
from timeloom_workspace.shapes.clauses.parsing import Clause
from timeloom_workspace.shapes.errors import ShapesUnavailableError
from timeloom_workspace.shapes.limits import (
    RECENT_TRANSACTIONS_MAX,
    SNAPSHOT_ATTEMPTS_MAX,
    SNAPSHOT_RETRY_SECONDS,
    SNAPSHOT_ROWS_PER_FETCH,
    ShapeLimits,
)
from timeloom_workspace.shapes.log import ShapeLog
from timeloom_workspace.shapes.pgoutput import DecodeError, Relation
from timeloom_workspace.shapes.replication import AnotherReaderError, Committed, Stream, open_stream
from timeloom_workspace.shapes.shape import Definition, RowChange, Shape, State, Transaction
from timeloom_workspace.shapes.snapshots import RowQuery, SnapshotReader, Visibility
from timeloom_workspace.shapes.tables import Registration, Table

RESTART_SECONDS: Final = 1.0
HOUSEKEEPING_SECONDS: Final = 5.0
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
_NOT_ALLOWED: Final = (
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ConfigurationLimitExceededError,
)
_logger = structlog.get_logger(__name__)


class _SnapshotTooEarlyError(Exception):
    """A transaction that was decoded before is not in the snapshot, and would be missed."""


class Pending:
    """What happens to a shape's table while its snapshot is being taken."""

    def __init__(self) -> None:
        self.visibility: Visibility | None = None
        self.held: list[tuple[Transaction, Sequence[RowChange]]] = []


class Engine:
    """Keeps shapes, and brings them what is committed.

    There is a slot only while there are shapes. Whenever it is lost, so are they: their clients begin anew.

    Args:
        url: Of the database, as a role that may replicate and take on those of the rooms.
        publications: Of the tables that the slot tells of.
        directory: Where shapes are kept on disk; what is there is removed.
        limits: How much they may take.
        address: Where this process serves; other replicas ask here while it follows changes.
    """

    def __init__(
        self,
        *,
        url: str,
        publications: Sequence[str],
        directory: Path,
        limits: ShapeLimits,
        address: str = "",
    ) -> None:
        self.limits = limits
        self._url = url
        self._publications = publications
        self._published: frozenset[tuple[str, str]] = frozenset()
        self._renew_time = 0.0
        self._has_to_renew = False
        self._address = address
        self._settled = asyncio.Event()
        self._elsewhere = ""
        self._directory = directory
        self._snapshots = SnapshotReader(url)
        self._snapshot_places = asyncio.Semaphore(limits.snapshots_at_once)
        self._shapes: dict[Definition, Shape] = {}
        self._by_handle: dict[str, Shape] = {}
        self._followers: dict[tuple[tuple[str, str], str], dict[str, Shape]] = {}
        self._pending: dict[str, Pending] = {}
        self._tables: dict[Registration, Table] = {}
        self._project_columns: dict[tuple[str, str], str | None] = {}
        self._recent: deque[int] = deque(maxlen=RECENT_TRANSACTIONS_MAX)
        self._wanted = asyncio.Event()
        self._streaming = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure = "Shapes are being started."
        self._numbers = time.time_ns() // 1000
        self.last_lsn = 0
        self.is_closing = False

    @property
    def is_active(self) -> bool:
        """Whether changes are being followed."""
        return self._streaming.is_set()

    async def run(self) -> None:
        """Follows what is committed, until it is cancelled."""
        await asyncio.to_thread(_clear, self._directory)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow())
                tasks.create_task(self._keep_house())
        finally:
            self._give_all_up()
            for task in list(self._tasks):
                task.cancel()

    def end_streams(self) -> None:
        """Lets everybody go who waits for changes."""
        self.is_closing = True
        for shape in self._shapes.values():
            shape.wake()

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

    async def table(self, registration: Registration) -> Table:
        """What the catalogue says of a table.

        Raises:
            ShapesUnavailableError: PostgreSQL cannot be reached, or the table is not there.
        """
        found = self._tables.get(registration)
        if found is not None:
            return found
        try:
            async with self._snapshots.connection() as connection:
                described = await catalogue.describe(connection, registration)
        except LOST as error:
            raise ShapesUnavailableError("The database cannot be reached.") from error
        if described is None:
            raise ShapesUnavailableError(f"The table {registration.name} is not there, yet.")
        self._forget_former(described)
        self._tables[registration] = described
        return described

    def _forget_former(self, table: Table) -> None:
        """Gives up shapes of what had a table's name before, or of what it was before."""
        former = [key for key, each in self._tables.items() if each.relation == table.relation]
        if any(registration != table.registration for registration in former):
            self._spoil(table.relation)

    def find(self, definition: Definition) -> Shape | None:
        """The shape of a definition, if there is one."""
        return self._shapes.get(definition)

    async def shape(self, definition: Definition, clause: Clause | None) -> Shape:
        """The shape of a definition, whole as far as its snapshot goes; it is begun if there is none.

        Raises:
            ShapesUnavailableError: It cannot be begun at the moment.
        """
        shape = self._shapes.get(definition) or self.begin(definition, clause)
        shape.read_time = time.monotonic()
        try:
            async with asyncio.timeout(self.limits.start_seconds):
                await shape.ready.wait()
        except TimeoutError:
            raise ShapesUnavailableError("The shape's snapshot is not ready, yet.") from None
        if shape.error is not None:
            raise ShapesUnavailableError(str(shape.error))
        if shape.state is State.GONE:
            raise ShapesUnavailableError("The shape's table changed while its snapshot was taken.")
        return shape

    def begin(self, definition: Definition, clause: Clause | None) -> Shape:
        """Begins a shape, or returns the one that there is.

        Raises:
            ShapesUnavailableError: There are too many.
        """
        existing = self._shapes.get(definition)
        if existing is not None:
            return existing
        self._make_room()
        self._numbers = max(self._numbers + 1, time.time_ns() // 1000)
        handle = f"{randbelow(90_000_000) + 10_000_000}-{self._numbers}"
        log = ShapeLog(self._directory / handle, chunk_bytes=self.limits.chunk_bytes)
        shape = Shape(handle=handle, definition=definition, clause=clause, log=log)
        shape.read_time = time.monotonic()
        self._shapes[definition] = shape
        self._by_handle[handle] = shape
        self._wanted.set()
        task = asyncio.create_task(self._start(shape))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return shape

    def _make_room(self) -> None:
        if len(self._shapes) < self.limits.shapes_max:
            return
        idle = [each for each in self._shapes.values() if not each.waiting and each.state is State.READY]
        if not idle:
            raise ShapesUnavailableError("There are too many shapes at once.", retry_after_seconds=10)
        self.give_up(min(idle, key=lambda each: each.read_time))

    async def _start(self, shape: Shape) -> None:
        """Takes the snapshot of a shape; whoever waits for it learns what went wrong."""
        try:
            async with asyncio.timeout(self.limits.start_seconds):
                await self._streaming.wait()
                registration = shape.definition.table.registration
                # One that is not ours was published before its shape began: the slot hears of it.
                if registration.oid is None and shape.definition.table.relation not in self._published:
                    self._renew()
                    self._fail(shape, "The changes of this table are not followed, yet.")
                    return
                async with self._snapshot_places:
                    await self._take_snapshot(shape)
        except TimeoutError:
            self._fail(shape, self._failure)
        except LOST as error:
            _logger.warning("snapshot failed", table=shape.definition.table.registration.name, exc_info=error)
            self._fail(shape, "The database cannot be reached.")
        except Exception:
            # Whoever waits for it is told before the service learns of the defect.
            _logger.exception("snapshot failed", table=shape.definition.table.registration.name)
            self._fail(shape, "The shape could not be begun.")
            raise

    def _renew(self) -> None:
        """Begins the slot anew, which then knows tables that were published since; all shapes go with it."""
        now = time.monotonic()
        if now - self._renew_time > RENEW_SECONDS:
            self._renew_time = now
            self._has_to_renew = True

    def _fail(self, shape: Shape, reason: str) -> None:
        shape.error = shape.error or RuntimeError(reason)
        self.give_up(shape)

    async def _take_snapshot(self, shape: Shape) -> None:
        for _ in range(SNAPSHOT_ATTEMPTS_MAX):
            if shape.state is not State.BEGINNING:
                return
            try:
                await self._try_snapshot(shape)
            except _SnapshotTooEarlyError:
                self._unfollow(shape)
                await asyncio.sleep(SNAPSHOT_RETRY_SECONDS)
            else:
                return
        raise TimeoutError

    async def _try_snapshot(self, shape: Shape) -> None:
        definition = shape.definition
        # Before the snapshot: what is committed after it must not be missed.
        self._follow_with(shape)
        recent = list(self._recent)
        registration = definition.table.registration
        async with self._snapshots.open(registration, definition.project_id) as (connection, visibility):
            if not all(visibility.has(xid) for xid in recent):
                raise _SnapshotTooEarlyError
            if shape.state is not State.BEGINNING:
                return
            self._admit(shape, visibility)
            if definition.has_snapshot:
                await self._copy_rows(shape, connection)
        if shape.state is State.BEGINNING:
            shape.log.end_snapshot()
            shape.state = State.READY
            shape.ready.set()

    async def _copy_rows(self, shape: Shape, connection: object) -> None:
        definition = shape.definition
        query = RowQuery(
            table=definition.table,
            columns=definition.columns,
            project_id=definition.project_id,
            clauses=[shape.clause] if shape.clause is not None else [],
        )
        async for rows in self._snapshots.rows(connection, query, SNAPSHOT_ROWS_PER_FETCH):
            if shape.state is not State.BEGINNING:
                return
            shape.log.add_rows(rows)
            if shape.log.size_bytes > self.limits.shape_bytes_max:
                raise_too_large(shape)

    def _follow_with(self, shape: Shape) -> None:
        definition = shape.definition
        self._pending[shape.handle] = Pending()
        relation = definition.table.relation
        self._project_columns[relation] = definition.table.registration.project_column
        key = (relation, definition.project_id)
        self._followers.setdefault(key, {})[shape.handle] = shape

    def _unfollow(self, shape: Shape) -> None:
        definition = shape.definition
        self._pending.pop(shape.handle, None)
        key = (definition.table.relation, definition.project_id)
        followers = self._followers.get(key, {})
        followers.pop(shape.handle, None)
        if not followers:
            self._followers.pop(key, None)

    def _admit(self, shape: Shape, visibility: Visibility) -> None:
        """Lets through what was held back until the snapshot was known, except what it has."""
        pending = self._pending[shape.handle]
        pending.visibility = visibility
        held, pending.held = pending.held, []
        for transaction, changes in held:
            self._apply(shape, transaction, changes)

    @asynccontextmanager
    async def waiting_for(self, shape: Shape) -> AsyncGenerator[None]:
        """Counts somebody who waits for changes of a shape: it is not given up meanwhile."""
        shape.waiting += 1
        try:
            yield
        finally:
            shape.waiting -= 1
            shape.read_time = time.monotonic()

    def give_up(self, shape: Shape) -> None:
        """Forgets a shape: its clients begin anew."""
        if shape.state is State.GONE:
            return
        shape.state = State.GONE
        self._unfollow(shape)
        if self._shapes.get(shape.definition) is shape:
            del self._shapes[shape.definition]
        self._by_handle.pop(shape.handle, None)
        shape.ready.set()
        shape.wake()
        shape.log.remove()

    def _give_all_up(self) -> None:
        for shape in list(self._shapes.values()):
            shape.error = shape.error or RuntimeError("Changes are no longer followed.")
            self.give_up(shape)
        self._recent.clear()
        self._tables.clear()
        self._project_columns.clear()

    async def _follow(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                async with open_stream(self._url, self._publications, address=self._address) as stream:
                    await self._read(stream)
            except AnotherReaderError as error:
                self._failure = "Another replica of the service has the shapes."
                self._elsewhere = error.address
                self._settled.set()
            except DecodeError:
                self._failure = "Changes could not be read."
                _logger.exception("changes could not be decoded")
            except _NOT_ALLOWED as error:
                self._refuse(
                    "The database does not let changes be followed: it needs wal_level=logical and a free "
                    "replication slot, and the service's role the attribute REPLICATION."
                )
                _logger.warning("changes cannot be followed", error=str(error))
            except LOST as error:
                self._failure = "The database does not let changes be followed."
                _logger.warning("changes are no longer followed", error=str(error))
            finally:
                self._stop()
            await asyncio.sleep(RESTART_SECONDS)

    def _refuse(self, reason: str) -> None:
        """Tells everybody who waits: trying again changes nothing until somebody has set up the database."""
        self._failure = reason
        self._settled.set()
        for shape in list(self._shapes.values()):
            self._fail(shape, reason)

    def _stop(self) -> None:
        was_streaming = self._streaming.is_set()
        self._streaming.clear()
        if was_streaming:
            self._settled.clear()
            self._give_all_up()
        if not self._shapes:
            self._wanted.clear()

    async def _read(self, stream: Stream) -> None:
        """Reads until there has been no shape for a while."""
        self._published = stream.tables
        self._streaming.set()
        self._elsewhere = ""
        self._settled.set()
        _logger.info("changes are followed", tables=len(stream.tables))
        needed_time = time.monotonic()
        while True:
            begin_time = time.monotonic()
            if self._shapes:
                needed_time = begin_time
            elif begin_time - needed_time > SLOT_IDLE_SECONDS:
                return
            if self._has_to_renew:
                self._has_to_renew = False
                return
            if not await stream.read(self.take):
                # Where reading takes long, PostgreSQL is left alone for as long.
                took = time.monotonic() - begin_time
                await asyncio.sleep(max(self.limits.poll_seconds, took))

    def take(self, committed: Committed) -> None:
        """Brings a transaction to the shapes that it concerns."""
        transaction = committed.transaction
        self.last_lsn = transaction.lsn
        self._recent.append(transaction.xid)
        for table in committed.spoilt:
            self._spoil(table)
        for relation in committed.relations:
            self._compare(relation)
        for table, changes in committed.changes.items():
            for project_id, rows in self._by_project(table, changes).items():
                for shape in list(self._followers.get((table, project_id), {}).values()):
                    self._bring(shape, transaction, rows)

    def _spoil(self, table: tuple[str, str]) -> None:
        _logger.info("a table changed its form or was emptied", table=".".join(table))
        self._tables = {key: each for key, each in self._tables.items() if each.relation != table}
        for shape in list(self._shapes.values()):
            if shape.definition.table.relation == table:
                self.give_up(shape)

    def _compare(self, relation: Relation) -> None:
        """Gives up shapes of what had the name of a table before: its columns are not the log's."""
        name = relation.schema, relation.name
        for table in list(self._tables.values()):
            if table.relation == name and not table.is_as_logged(relation.id, relation.columns):
                self._spoil(name)

    def _by_project(
        self, table: tuple[str, str], changes: Sequence[RowChange]
    ) -> dict[str, Sequence[RowChange]]:
        column = self._project_columns.get(table)
        if column is None:
            return {"": changes}
        found: dict[str, list[RowChange]] = {}
        for change in changes:
            if change.old is None or change.new is None or change.old[column] == change.new[column]:
                row = change.new if change.new is not None else change.old
                moved = [(row, change)] if row is not None else []
            else:
                moved = [
                    (change.old, RowChange(old=change.old, new=None)),
                    (change.new, RowChange(old=None, new=change.new)),
                ]
            for row, each in moved:
                # A row of no project is nobody's.
                if (project_id := row[column]) is not None:
                    found.setdefault(project_id, []).append(each)
        return dict(found)

    def _bring(self, shape: Shape, transaction: Transaction, changes: Sequence[RowChange]) -> None:
        pending = self._pending[shape.handle]
        if pending.visibility is None:
            pending.held.append((transaction, changes))
        else:
            self._apply(shape, transaction, changes)

    def _apply(self, shape: Shape, transaction: Transaction, changes: Sequence[RowChange]) -> None:
        visibility = self._pending[shape.handle].visibility
        assert visibility is not None
        if transaction.lsn < visibility.lsn and visibility.has(transaction.xid):
            return
        entries = shape.entries_of(transaction, changes)
        if not entries:
            return
        try:
            shape.log.append(entries)
        except OSError:
            _logger.exception("a shape cannot be written", handle=shape.handle)
            self.give_up(shape)
            return
        shape.wake()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            self.keep_house(time.monotonic())

    def keep_house(self, now: float) -> None:
        """Compacts logs, and gives up shapes that nobody reads or that take too much."""
        for shape in list(self._shapes.values()):
            if shape.state is not State.READY:
                continue
            if not shape.waiting and now - shape.read_time > self.limits.idle_seconds:
                self.give_up(shape)
                continue
            if shape.log.log_bytes - shape.compacted_bytes > self.limits.compaction_bytes:
                shape.log.compact()
                shape.compacted_bytes = shape.log.log_bytes
            if shape.log.size_bytes > self.limits.shape_bytes_max:
                self.give_up(shape)
        self._bound_disk()

    def _bound_disk(self) -> None:
        ready = sorted(
            (each for each in self._shapes.values() if each.state is State.READY),
            key=lambda each: (each.waiting > 0, each.read_time),
        )
        total = sum(each.log.size_bytes for each in self._shapes.values())
        for shape in ready:
            if total <= self.limits.disk_bytes_max:
                return
            total -= shape.log.size_bytes
            self.give_up(shape)

    def by_handle(self, handle: str) -> Shape | None:
        """The shape of a handle, if it is kept."""
        return self._by_handle.get(handle)

    @property
    def snapshots(self) -> SnapshotReader:
        """Reads rows as they are."""
        return self._snapshots

    @asynccontextmanager
    async def snapshot(
        self, registration: Registration, project_id: str
    ) -> AsyncGenerator[tuple[Any, Visibility]]:
        """A connection that sees rows as they are, within the number of those that may be open at once.

        Raises:
            ShapesUnavailableError: PostgreSQL cannot be reached.
        """
        async with self._snapshot_places:
            try:
                async with self._snapshots.open(registration, project_id) as opened:
                    yield opened
            except LOST as error:
                raise ShapesUnavailableError("The database cannot be reached.") from error


def raise_too_large(shape: Shape) -> None:
    """Refuses a shape whose rows are too many."""
    shape.error = RuntimeError("The shape is larger than shapes may be: ask for fewer rows or columns.")
    raise TimeoutError


def _clear(directory: Path) -> None:
    """Removes what an earlier run left: it knew another slot."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
