"""The shapes that are kept: how they begin, how long they stay, and how much they take."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import randbelow
from typing import Any, Final

import structlog

from timeloom_workspace.shapes import catalogue
from timeloom_workspace.shapes.changes import Committed, TableName
from timeloom_workspace.shapes.clauses.parsing import Clause
from timeloom_workspace.shapes.deliveries import Deliveries
from timeloom_workspace.shapes.errors import (
    InvalidShapeRequestError,
    MissingTableError,
    ShapeError,
    ShapesUnavailableError,
)
from timeloom_workspace.shapes.following import LOST, Follower
from timeloom_workspace.shapes.limits import (
    SNAPSHOT_ATTEMPTS_MAX,
    SNAPSHOT_RETRY_SECONDS,
    SNAPSHOT_ROWS_PER_FETCH,
    ShapeLimits,
)
from timeloom_workspace.shapes.log import ShapeLog
from timeloom_workspace.shapes.membership import UntellableError
from timeloom_workspace.shapes.shape import Definition, Shape, State
from timeloom_workspace.shapes.snapshots import RowQuery, SnapshotReader, Visibility
from timeloom_workspace.shapes.tables import Registration, Table

HOUSEKEEPING_SECONDS: Final = 5.0
_NOT_READY: Final = "The shape's snapshot is not ready, yet."
_logger = structlog.get_logger(__name__)


class _SnapshotTooEarlyError(Exception):
    """A transaction that was decoded before is not in the snapshot, and would be missed."""


class _TooLargeError(Exception):
    """The rows of a shape take more than a shape may."""


class Engine:
    """Keeps shapes, and has them brought what is committed.

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
        self._directory = directory
        self._snapshots = SnapshotReader(url)
        self._snapshot_places = asyncio.Semaphore(limits.snapshots_at_once)
        self._shapes: dict[Definition, Shape] = {}
        self._by_handle: dict[str, Shape] = {}
        self._tables: dict[Registration, Table] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = time.time_ns() // 1000
        self._deliveries = Deliveries(spoil=self._spoil, give_up=self.give_up)
        self._follower = Follower(
            url=url,
            publications=publications,
            address=address,
            poll_seconds=limits.poll_seconds,
            audience=_Audience(self, self._deliveries),
        )
        self.is_closing = False

    @property
    def follower(self) -> Follower:
        """Follows what is committed."""
        return self._follower

    @property
    def snapshots(self) -> SnapshotReader:
        """Reads rows as they are."""
        return self._snapshots

    @property
    def last_lsn(self) -> int:
        """Where the last transaction stands that concerned a shape's table."""
        return self._deliveries.last_lsn

    @property
    def is_empty(self) -> bool:
        """Whether there are no shapes."""
        return not self._shapes

    async def run(self) -> None:
        """Follows what is committed, until it is cancelled."""
        await asyncio.to_thread(_clear, self._directory)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follower.run())
                tasks.create_task(self._keep_house())
        finally:
            self.give_all_up("Changes are no longer followed.")
            for task in list(self._tasks):
                task.cancel()

    def end_streams(self) -> None:
        """Lets everybody go who waits for changes."""
        self.is_closing = True
        for shape in self._shapes.values():
            shape.wake()

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
            _logger.warning("a table could not be described", table=registration.name, exc_info=error)
            raise ShapesUnavailableError("The database cannot be reached.") from error
        if described is None:
            raise MissingTableError(registration.name)
        self._tables[registration] = described
        return described

    def find(self, definition: Definition) -> Shape | None:
        """The shape of a definition, if there is one."""
        return self._shapes.get(definition)

    async def shape(self, definition: Definition, clause: Clause | None) -> Shape:
        """The shape of a definition, whole as far as its snapshot goes; it is begun if there is none.

        Raises:
            ShapesUnavailableError: It cannot be begun at the moment.
            InvalidShapeRequestError: It is too large.
        """
        shape = self._shapes.get(definition) or self.begin(definition, clause)
        shape.read_time = time.monotonic()
        try:
            async with asyncio.timeout(self.limits.start_seconds):
                await shape.ready.wait()
        except TimeoutError:
            raise ShapesUnavailableError(_NOT_READY) from None
        if shape.error is not None:
            raise shape.error
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
        shape = Shape(
            handle=handle,
            definition=definition,
            clause=clause,
            log=log,
            members_max=self.limits.members_max,
        )
        shape.read_time = time.monotonic()
        self._shapes[definition] = shape
        self._by_handle[handle] = shape
        # From now on: what is committed after the snapshot must not be missed.
        self._deliveries.follow(shape)
        self._follower.want()
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
        name = shape.definition.table.registration.name
        try:
            async with asyncio.timeout(self.limits.start_seconds):
                await self._begin(shape)
        except TimeoutError:
            reason = _NOT_READY if self._follower.is_active else self._follower.failure
            self._fail(shape, ShapesUnavailableError(reason))
        except (_TooLargeError, UntellableError):
            reason = "the shape is larger than shapes may be: ask for fewer rows or columns"
            self._fail(shape, InvalidShapeRequestError.of("where", reason))
        except LOST as error:
            _logger.warning("snapshot failed", table=name, exc_info=error)
            self._fail(shape, ShapesUnavailableError("The database cannot be reached."))
        except Exception:
            # Whoever waits for it is told before the service learns of the defect.
            _logger.exception("snapshot failed", table=name)
            self._fail(shape, ShapesUnavailableError("The shape could not be begun."))
            raise

    def _fail(self, shape: Shape, error: ShapeError) -> None:
        shape.error = shape.error or error
        self.give_up(shape)

    async def _begin(self, shape: Shape) -> None:
        registration = shape.definition.table.registration
        follower = self._follower
        await follower.streaming.wait()
        if not follower.is_published(registration):
            self._fail(shape, ShapesUnavailableError("The changes of this table are not followed, yet."))
            return
        await follower.names(registration)
        async with self._snapshot_places:
            if not follower.knows_all_of(registration):
                await self._snapshots.outlast_writers(registration.relation)
                follower.note_all_known(registration)
            await self._take_snapshot(shape)

    async def _take_snapshot(self, shape: Shape) -> None:
        for _ in range(SNAPSHOT_ATTEMPTS_MAX):
            if shape.state is not State.BEGINNING:
                return
            try:
                await self._try_snapshot(shape)
            except _SnapshotTooEarlyError:
                await asyncio.sleep(SNAPSHOT_RETRY_SECONDS)
            else:
                return
        raise TimeoutError

    async def _try_snapshot(self, shape: Shape) -> None:
        definition = shape.definition
        registration = definition.table.registration
        async with self._snapshots.open(registration, definition.project_id) as (connection, visibility):
            if shape.state is not State.BEGINNING:
                return
            if not self._deliveries.is_late_enough(shape, visibility):
                raise _SnapshotTooEarlyError
            if shape.membership is None:
                self._deliveries.admit(shape, visibility)
            if definition.has_snapshot or shape.membership is not None:
                await self._copy_rows(shape, connection)
        if shape.state is not State.BEGINNING:
            return
        if shape.membership is not None:
            # Only now it is known which rows are in.
            self._deliveries.admit(shape, visibility)
        shape.log.add_rows([visibility.message()])
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
            shape.remember(rows)
            if definition.has_snapshot:
                shape.log.add_rows(rows)
            if shape.log.size_bytes > self.limits.shape_bytes_max:
                raise _TooLargeError

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
        self._deliveries.unfollow(shape)
        if self._shapes.get(shape.definition) is shape:
            del self._shapes[shape.definition]
        self._by_handle.pop(shape.handle, None)
        shape.ready.set()
        shape.wake()
        shape.log.remove()

    def give_all_up(self, reason: str) -> None:
        """Forgets all shapes."""
        for shape in list(self._shapes.values()):
            self._fail(shape, ShapesUnavailableError(reason))
        self._tables.clear()

    def _spoil(self, table: TableName) -> None:
        _logger.info("a table changed its form or was emptied", table=".".join(table))
        self._tables = {key: each for key, each in self._tables.items() if each.relation != table}
        for shape in list(self._shapes.values()):
            if shape.definition.table.relation == table:
                self.give_up(shape)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            await self.keep_house(time.monotonic())

    async def keep_house(self, now: float) -> None:
        """Compacts logs, and gives up shapes that nobody reads or that take too much."""
        # The log tells of changes of a table's form only while there is a shape of it.
        followed = self._deliveries.tables
        self._tables = {key: each for key, each in self._tables.items() if each.relation in followed}
        for shape in list(self._shapes.values()):
            if shape.state is not State.READY:
                continue
            if not shape.waiting and now - shape.read_time > self.limits.idle_seconds:
                self.give_up(shape)
                continue
            if shape.log.log_bytes - shape.compacted_bytes > self.limits.compaction_bytes:
                await self._compact(shape)
            if shape.log.size_bytes > self.limits.shape_bytes_max:
                self.give_up(shape)
        self._make_fit()

    async def _compact(self, shape: Shape) -> None:
        try:
            await shape.log.compact()
        except OSError:
            _logger.exception("a shape cannot be written", handle=shape.handle)
            self.give_up(shape)
        shape.compacted_bytes = shape.log.log_bytes

    def _make_fit(self) -> None:
        """Gives up the shapes that were read longest ago until the others fit."""
        self._bound(self.limits.disk_bytes_max, lambda shape: shape.log.size_bytes)
        self._bound(self.limits.all_members_max, lambda shape: shape.member_count)

    def _bound(self, limit: int, size_of: Callable[[Shape], int]) -> None:
        ready = sorted(
            (each for each in self._shapes.values() if each.state is State.READY),
            key=lambda each: (each.waiting > 0, each.read_time),
        )
        total = sum(map(size_of, self._shapes.values()))
        for shape in ready:
            if total <= limit:
                return
            if size_of(shape):
                total -= size_of(shape)
                self.give_up(shape)

    def by_handle(self, handle: str) -> Shape | None:
        """The shape of a handle, if it is kept."""
        return self._by_handle.get(handle)

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


class _Audience:
    """Shapes, as those for whom the log is followed."""

    def __init__(self, engine: Engine, deliveries: Deliveries) -> None:
        self._engine = engine
        self._deliveries = deliveries

    @property
    def is_there(self) -> bool:
        """Whether there are shapes."""
        return not self._engine.is_empty

    @property
    def publications(self) -> Collection[str]:
        """Of the tables that shapes are made of."""
        return self._deliveries.publications

    def take(self, committed: Committed) -> None:
        """Brings a transaction to the shapes that it concerns."""
        self._deliveries.take(committed)

    def lose(self) -> None:
        """Gives up all shapes."""
        self._engine.give_all_up("Changes are no longer followed.")
        self._deliveries.begin_anew()

    def refuse(self, reason: str) -> None:
        """Tells everybody who waits for a shape."""
        self._engine.give_all_up(reason)


def _clear(directory: Path) -> None:
    """Removes what an earlier run left: it knew another slot."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
