"""Making snapshots ready for their commit, on top of those that are on their way there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError
from timeloom_snapshots import work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.group import Group, Prepared, Request
from timeloom_snapshots.head import Head, Position, advance
from timeloom_snapshots.model import NewSnapshot, Record, Snapshot
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage import snapshots

LOADS_AT_ONCE_MAX: Final = 4
LOADS_AHEAD_MAX: Final = 64


class UncommittedParentError(Exception):
    """The parent is on its way to the database; wait until it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """Makes the requests of one project ready."""

    project_id: UUID
    database: Database
    reader: StateReader
    codec: Codec
    clock: Callable[[], datetime]

    async def prepare(self, request: Request, groups: Sequence[Group]) -> Prepared:
        """Makes a request ready on top of groups that are not committed yet, the newest first.

        Raises:
            UncommittedParentError: It branches from a snapshot in one of the groups.
            TimeloomError: The request is refused.
        """
        if request.needs_lookup:
            await self._look_up(request)
        answer = [self._recorded(request, record, groups) for record in request.records]
        known = [snapshot for snapshot in answer if snapshot is not None]
        if len(known) == len(answer):
            return Prepared(origin=None, head=None, new=(), answer=known)
        origin = await self._head(request.execution_id, groups)
        if origin.shared_count and request.keys and request.recorded is None:
            # No index refuses the keys of snapshots that the execution shares.
            await self._look_up(request)
            return await self.prepare(request, groups)
        return await self._record(request, origin, groups)

    async def load_ahead(self, execution_ids: Iterable[UUID], groups: Sequence[Group]) -> None:
        """Loads the heads that the next requests need; failures are for whoever needs them."""
        wanted = dict.fromkeys(execution_ids)
        missing = [each for each in wanted if self._known_head(each, groups) is None][:LOADS_AHEAD_MAX]
        if len(missing) < 2:
            return
        slots = asyncio.Semaphore(LOADS_AT_ONCE_MAX)

        async def load(execution_id: UUID) -> None:
            async with slots:
                await self._load(execution_id)

        await asyncio.gather(*map(load, missing), return_exceptions=True)

    def needs_load(self, execution_id: UUID, groups: Sequence[Group]) -> bool:
        """Tells whether an execution's head has to be read before anything can be recorded there."""
        return self._known_head(execution_id, groups) is None

    async def _record(self, request: Request, origin: Head, groups: Sequence[Group]) -> Prepared:
        head = origin
        new: list[NewSnapshot] = []
        answer: list[Snapshot] = []
        positions = {origin.position.sequence: origin.position}
        own: dict[str, Snapshot] = {}
        for record in request.records:
            known = own.get(record.key) or self._recorded(request, record, groups)
            if known is not None:
                answer.append(known)
                continue
            parent = await self._position(head, head.parent_of(record), positions, groups)
            head, snapshot = await work.on(
                record.size_bytes, advance, head, record, parent=parent, now=self.clock(), codec=self.codec
            )
            positions[head.position.sequence] = head.position
            new.append(snapshot)
            answer.append(snapshot.snapshot)
            if record.key:
                own[record.key] = snapshot.snapshot
        return Prepared(origin=origin, head=head, new=new, answer=answer)

    async def _position(
        self, head: Head, sequence: int, positions: dict[int, Position], groups: Sequence[Group]
    ) -> Position:
        """Returns the position of a parent: most are the head, some another one of the same request."""
        known = positions.get(sequence)
        if known is not None:
            return known
        if any(head.execution_id in group.heads for group in groups):
            raise UncommittedParentError
        position = await self.reader.read_position(self.project_id, head.execution_id, sequence)
        if position is None:
            raise InvalidFieldError.of("parentSequence", f"is {sequence}: there is no such snapshot")
        return position

    def _recorded(self, request: Request, record: Record, groups: Sequence[Group]) -> Snapshot | None:
        """Returns the snapshot that was recorded before with the same key, as far as is known."""
        if not record.key:
            return None
        key = (request.execution_id, record.key)
        for known in (*(group.keyed for group in groups), request.recorded or {}):
            if key in known:
                return known[key]
        return None

    async def _look_up(self, request: Request) -> None:
        async with self.database.transaction(str(self.project_id)) as connection:
            request.recorded = await snapshots.select_keyed(connection, self.project_id, request.keys)
        request.needs_lookup = False

    async def _head(self, execution_id: UUID, groups: Sequence[Group]) -> Head:
        return self._known_head(execution_id, groups) or await self._load(execution_id)

    def _known_head(self, execution_id: UUID, groups: Sequence[Group]) -> Head | None:
        for group in groups:
            if execution_id in group.heads:
                return group.heads[execution_id]
        return self.reader.cached_head(self.project_id, execution_id)

    async def _load(self, execution_id: UUID) -> Head:
        return await self.reader.load_head(self.project_id, execution_id)
