"""When a value changed, from what to what, on the way to a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from timeloom.state import canonical, delta
from timeloom.state.changes import ABSENT, ChangeKind
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError, PathNotFoundError, TooLargeError
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_snapshots import limits, parts, work
from timeloom_snapshots.facts import Fact
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.runs import DeltaRuns
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.steps import Delta, unreadable
from timeloom_snapshots.storage import deltas, spans
from timeloom_snapshots.storage import facts as storage
from timeloom_snapshots.values import ValueChange, ValueTrack
from timeloom_snapshots.ways import way_to


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """A change of a value, with the snapshot that made it; the values are canonical, or empty if absent."""

    sequence: int
    step_name: str
    create_time: datetime
    kind: ChangeKind
    old_value: bytes
    new_value: bytes


class ValueHistory:
    """The values of places over time."""

    def __init__(self, *, database: Database, reader: StateReader, runs: DeltaRuns, cursors: Cursors) -> None:
        self._database = database
        self._reader = reader
        self._runs = runs
        self._cursors = cursors

    async def list_changes(
        self,
        project_id: UUID,
        execution_id: UUID,
        *,
        path: str,
        sequence: int,
        page_token: str,
        limit: int,
    ) -> Page[DatedChange]:
        """Returns a page of the changes of a value on the way to a snapshot, oldest first.

        Args:
            project_id: The project.
            execution_id: The execution.
            path: A JSON pointer.
            sequence: The snapshot's; zero for the head, which stays the one of the first page.
            page_token: Of the page before.
            limit: How many changes a page has; fewer, but at least one, if they are large.

        Raises:
            NotFoundError: There is no such execution or snapshot.
            PathNotFoundError: The path is no JSON pointer, or nothing ever was there.
            InvalidPageTokenError: The token belongs to another list.
            TooLargeError: One change alone is larger than an answer.
            DataLossError: What is stored cannot be read.
        """
        parts.checked_pointer(path)
        identity = _identity(project_id, execution_id, path, sequence)
        position = self._cursors.decode(page_token, of=identity)
        wanted, after = (_number(position[0]), _number(position[1])) if position else (sequence, 0)
        async with self._database.transaction(str(project_id)) as connection:
            span = await spans.required(connection, project_id, execution_id)
            wanted = wanted or span.head
            turns = await deltas.select_turns(connection, project_id, execution_id, last=wanted)
        # One change more than the page takes, to see whether others follow.
        track = ValueTrack(path)
        if after:
            track = ValueTrack(path, state=await self._state(project_id, execution_id, after), sequence=after)
        await self._follow_way(project_id, execution_id, track, way_to(wanted, turns), limit=limit + 1)
        known = await self._facts(project_id, execution_id, [*_sequences(track), wanted])
        if wanted not in known:
            raise NotFoundError(f"Execution {execution_id} has no snapshot {wanted}.")
        if not track.changes and not after:
            raise PathNotFoundError(
                f"path: nothing is at {path} on the way to snapshot {wanted}.", metadata={"path": path}
            )
        state_bytes = known[wanted].state_bytes
        entries = await work.on(state_bytes, _entries, track.changes[:limit], known)
        token = ""
        if len(entries) < len(track.changes):
            token = self._cursors.encode([wanted, entries[-1].sequence], of=identity)
        return Page(entries=tuple(entries), next_page_token=token)

    async def _follow_way(
        self,
        project_id: UUID,
        execution_id: UUID,
        track: ValueTrack,
        way: Sequence[SequenceRange],
        *,
        limit: int,
    ) -> None:
        """Follows the value from where the track stands on, until enough changes are found."""
        begin = track.sequence
        for stretch in way:
            if stretch.last > begin and len(track.changes) < limit:
                after = max(stretch.first - 1, begin)
                await self._follow(
                    project_id, execution_id, track, after=after, last=stretch.last, limit=limit
                )

    async def _follow(
        self, project_id: UUID, execution_id: UUID, track: ValueTrack, *, after: int, last: int, limit: int
    ) -> None:
        run = self._runs.read(project_id, execution_id, after=after, last=last)
        async with aclosing(run):
            async for batch in run:
                rest = batch
                while rest:
                    count = await work.on(_size_of(rest), _advance, execution_id, track, rest, limit)
                    if len(track.changes) >= limit:
                        return
                    rest = rest[count:]
                    if rest:
                        sequence = rest[0].sequence
                        track.jump(sequence, await self._state(project_id, execution_id, sequence))
                        rest = rest[1:]

    async def _state(self, project_id: UUID, execution_id: UUID, sequence: int) -> Any:
        read = await self._reader.read(project_id, execution_id, sequence)
        if read is None:
            raise NotFoundError(f"Execution {execution_id} has no snapshot {sequence} any more.")
        return read.state

    async def _facts(
        self, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
    ) -> Mapping[int, Fact]:
        async with self._database.transaction(str(project_id)) as connection:
            return await storage.select_some(connection, project_id, execution_id, sequences)


def _advance(execution_id: UUID, track: ValueTrack, run: Sequence[Delta], limit: int) -> int:
    try:
        return track.advance(run, limit=limit)
    except delta.DeltaError as error:
        raise unreadable(execution_id, track.sequence + 1) from error


def _entries(changes: Sequence[ValueChange], known: Mapping[int, Fact]) -> list[DatedChange]:
    """Encodes as many changes as fit on a page; at least one."""
    entries: list[DatedChange] = []
    room = limits.PAGE_BYTES_MAX
    for change in changes:
        old_value, new_value = _encoded(change.old_value), _encoded(change.new_value)
        size_bytes = len(old_value) + len(new_value)
        if size_bytes > limits.ANSWER_BYTES_MAX:
            raise TooLargeError(
                f"The change in snapshot {change.sequence} has {size_bytes:,} bytes, an answer has at most "
                f"{limits.ANSWER_BYTES_MAX:,}; ask for a path below it."
            )
        room -= size_bytes
        if entries and room < 0:
            break
        fact = known[change.sequence]
        entries.append(
            DatedChange(
                sequence=change.sequence,
                step_name=fact.step_name,
                create_time=fact.create_time,
                kind=change.kind,
                old_value=old_value,
                new_value=new_value,
            )
        )
    return entries


def _encoded(value: Any) -> bytes:
    return b"" if value is ABSENT else canonical.encode_trusted(value)


def _sequences(track: ValueTrack) -> list[int]:
    return [each.sequence for each in track.changes]


def _size_of(run: Sequence[Delta]) -> int:
    return sum([len(each.encoded) for each in run])


def _number(value: object) -> int:
    assert isinstance(value, int), "the token was made here"
    return value


def _identity(project_id: UUID, execution_id: UUID, path: str, sequence: int) -> ListIdentity:
    return {
        "list": "value history",
        "project": str(project_id),
        "execution": str(execution_id),
        "path": path,
        "sequence": sequence,
    }
