"""Looking back: lists of snapshots, states, what differs between them, and what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from timeloom.state.changes import ABSENT, Change
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import (
    NotFoundError,
    PathNotFoundError,
    TooLargeError,
)
from timeloom_platform.pagination import Cursors, ListIdentity
from timeloom_snapshots import limits, parts, work
from timeloom_snapshots.effects import EffectReader
from timeloom_snapshots.errors import about_to_stop
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.model import Comparison, Effect, Execution, Snapshot, SnapshotEntry
from timeloom_snapshots.reader import ReadState, StateReader
from timeloom_snapshots.storage import executions
from timeloom_snapshots.storage import snapshots as storage
from timeloom_snapshots.storage.snapshots import SnapshotFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotView:
    """A snapshot with its state in canonical form, or the part of it that was asked for, and its effects."""

    snapshot: Snapshot
    state: bytes
    effects: Sequence[Effect]


class History:
    """What was recorded."""

    def __init__(
        self,
        *,
        database: Database,
        reader: StateReader,
        effects: EffectReader,
        hints: Hints,
        cursors: Cursors,
    ) -> None:
        self._database = database
        self._reader = reader
        self._effects = effects
        self._hints = hints
        self._cursors = cursors

    async def list_snapshots(
        self, project_id: UUID, execution_id: UUID, *, wanted: SnapshotFilter, page_token: str, limit: int
    ) -> tuple[Sequence[SnapshotEntry], str]:
        """Returns a page of snapshots without their states, and the token of the next page if there is one.

        Raises:
            NotFoundError: There is no such execution.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity = _identity(project_id, execution_id, wanted)
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.transaction(str(project_id)) as connection:
            page = await storage.select_page(
                connection, project_id, execution_id, wanted.beginning_after(position), limit
            )
            if not page.snapshots:
                await self._require(connection, project_id, execution_id)
            entries = [SnapshotEntry(snapshot=each) for each in page.snapshots]
            if wanted.with_effects:
                entries = await self._with_effects(connection, project_id, execution_id, entries)
        has_more = page.has_more or len(entries) < len(page.snapshots)
        token = self._cursors.encode([entries[-1].snapshot.sequence], of=identity) if has_more else ""
        return entries, token

    async def get(
        self, project_id: UUID, execution_id: UUID, wanted: int | str, *, path: str
    ) -> SnapshotView:
        """Returns a snapshot with its state or, by a JSON pointer, a part of it.

        Raises:
            NotFoundError: There is no such snapshot.
            PathNotFoundError: The path is no JSON pointer, or nothing is there.
            TooLargeError: State and effects together are larger than an answer may be.
        """
        read = await self._read(project_id, execution_id, wanted)
        effects = await self._effects_of(project_id, read.snapshot) if read.snapshot.effect_count else ()
        state = await work.on(read.snapshot.state_bytes, parts.encoded_part, read.state, path)
        size_bytes = len(state) + sum(effect.document_bytes for effect in effects)
        if size_bytes > limits.ANSWER_BYTES_MAX:
            raise TooLargeError(
                f"The state and its effects have {size_bytes:,} bytes, an answer has at most "
                f"{limits.ANSWER_BYTES_MAX:,}; ask for a part of the state by its path."
            )
        return SnapshotView(snapshot=read.snapshot, state=state, effects=effects)

    async def compare(
        self,
        project_id: UUID,
        *,
        from_execution_id: UUID,
        from_sequence: int,
        to_execution_id: UUID,
        to_sequence: int,
        path: str,
    ) -> Comparison:
        """Lists what differs between two states; zero means no state for `from`, and the head for `to`.

        Raises:
            NotFoundError: There is no such snapshot.
            PathNotFoundError: The path is no JSON pointer, or nothing is there in either state.
        """
        to = await self._read(project_id, to_execution_id, to_sequence)
        old: Any = ABSENT
        size_bytes = to.snapshot.state_bytes
        if from_sequence:
            origin = await self._read(project_id, from_execution_id, from_sequence)
            old, size_bytes = origin.state, size_bytes + origin.snapshot.state_bytes
        else:
            async with self._database.transaction(str(project_id)) as connection:
                await self._require(connection, project_id, from_execution_id)
        found, is_truncated = await work.on(size_bytes, _changes, old, to.state, path)
        return Comparison(
            from_execution_id=from_execution_id,
            from_sequence=from_sequence,
            to_execution_id=to_execution_id,
            to_sequence=to.snapshot.sequence,
            changes=found,
            is_truncated=is_truncated,
        )

    async def tail(
        self, project_id: UUID, execution_id: UUID, *, after_sequence: int
    ) -> AsyncGenerator[Snapshot | Execution]:
        """Yields the snapshots after a sequence, then each new one, at last the execution when it has ended.

        Raises:
            NotFoundError: There is no such execution, or not any more.
            UnavailableError: The service is about to stop; another replica goes on where this one ended.
        """
        with self._hints.following(project_id, execution_id) as something_happened:
            while True:
                something_happened.clear()
                async with self._database.transaction(str(project_id)) as connection:
                    # In this order: what was recorded before the end is then among the snapshots.
                    execution = await self._require(connection, project_id, execution_id)
                    wanted = SnapshotFilter(after_sequence=after_sequence)
                    page = await storage.select_page(
                        connection, project_id, execution_id, wanted, limits.TAIL_PAGE
                    )
                for snapshot in page.snapshots:
                    yield snapshot
                    after_sequence = snapshot.sequence
                if page.has_more:
                    continue
                if execution.has_ended:
                    yield execution
                    return
                if self._hints.is_closed:
                    raise about_to_stop()
                await _wait(something_happened, self._hints.poll_seconds)

    async def _read(self, project_id: UUID, execution_id: UUID, wanted: int | str) -> ReadState:
        read = await self._reader.read(project_id, execution_id, wanted)
        if read is not None:
            return read
        async with self._database.transaction(str(project_id)) as connection:
            await self._require(connection, project_id, execution_id)
        if wanted == 0:
            raise NotFoundError(f"Execution {execution_id} has no snapshot yet.")
        name = f"with the key {wanted!r}" if isinstance(wanted, str) else f"{wanted}"
        raise NotFoundError(f"Execution {execution_id} has no snapshot {name}.")

    async def _effects_of(self, project_id: UUID, snapshot: Snapshot) -> Sequence[Effect]:
        sequence = snapshot.sequence
        async with self._database.transaction(str(project_id)) as connection:
            found = await self._effects.read(connection, project_id, snapshot.execution_id, [sequence])
        return found.get(sequence, ())

    async def _require(self, connection: Connection, project_id: UUID, execution_id: UUID) -> Execution:
        execution = await executions.select(connection, project_id, execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {execution_id}.")
        return execution

    async def _with_effects(
        self,
        connection: Connection,
        project_id: UUID,
        execution_id: UUID,
        entries: Sequence[SnapshotEntry],
    ) -> list[SnapshotEntry]:
        """Adds the effects, to as many entries as a page takes."""
        sequences = [each.snapshot.sequence for each in entries if each.snapshot.effect_count]
        fitting = await self._effects.fitting(connection, project_id, execution_id, sequences)
        if len(fitting) < len(sequences):
            first_left_out = next(
                index
                for index, each in enumerate(entries)
                if each.snapshot.sequence == sequences[len(fitting)]
            )
            entries = entries[:first_left_out]
        effects = await self._effects.read(connection, project_id, execution_id, fitting)
        return [
            SnapshotEntry(snapshot=each.snapshot, effects=effects.get(each.snapshot.sequence, ()))
            for each in entries
        ]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _identity(project_id: UUID, execution_id: UUID, wanted: SnapshotFilter) -> ListIdentity:
    return {
        "list": "snapshots",
        "project": str(project_id),
        "execution": str(execution_id),
        "kinds": wanted.kinds,
        "after": wanted.after_sequence,
        "before": wanted.before_sequence,
        "tag": wanted.tag,
        "descending": wanted.descending,
        "effects": wanted.with_effects,
    }


def _changes(old: Any, new: Any, path: str) -> tuple[Sequence[Change], bool]:
    if path:
        parts.checked_pointer(path)
        old, new = parts.part_or_absent(old, path), parts.part_or_absent(new, path)
        if old is ABSENT and new is ABSENT:
            raise PathNotFoundError(f"path: nothing is at {path} in either state.", metadata={"path": path})
    return parts.changes_between(old, new, prefix=path)
