"""A JSON value that is kept in an execution: each change of it is a snapshot, and nothing is ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from timeloom import _convert as convert
from timeloom._ids import uuid7
from timeloom.aio import AsyncTimeloom
from timeloom.errors import AlreadyExistsError, ConflictError, NotFoundError, StaleParentError
from timeloom.recording.lane import Lane
from timeloom.resources import Effect, SnapshotKind
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb

ATTEMPTS_MAX: Final = 64
"""How often a change is made again because somebody else was faster."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is kept after one of its changes. Nobody changes the value in place."""

    sequence: int
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The next value, and what people see of the change."""

    value: Any
    step_name: str
    effects: Iterable[Effect] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The execution that a value is kept in: what it is created with."""

    execution_id: str
    agent_id: str
    session_id: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()
    metadata: Any = None


class KeptValue:
    """Reads and changes the value. Any number of them, in any processes, may work on the same one.

    Belongs to the event loop of its client.
    """

    def __init__(self, client: AsyncTimeloom, subject: Subject) -> None:
        self._client = client
        self._subject = subject
        self._lane: Lane | None = None
        self._known: Standing | None = None

    async def read(self) -> Standing | None:
        """Return the value as it stands; None if nothing was ever kept, or it was deleted."""
        try:
            snapshot = await self._client.snapshots.get(self._subject.execution_id)
        except NotFoundError:
            self._know(None)
            return None
        self._know(Standing(sequence=snapshot.sequence, value=snapshot.state))
        return self._known

    async def change(self, alter: Callable[[Any], tuple[Change | None, ResultT]]) -> ResultT:
        """Change the value, whoever else does at the same time.

        Args:
            alter: Given the value (None if there is none), returns what to make of it, or None to leave it,
                and what this method is to return. May be called several times.

        Raises:
            ConflictError: Others were faster again and again.
        """
        standing = self._known or await self.read()
        for _ in range(ATTEMPTS_MAX):
            change, result = alter(None if standing is None else standing.value)
            if change is None:
                return result
            try:
                await self.write(change, after=standing)
            except StaleParentError:
                standing = await self.read()
            else:
                return result
        raise ConflictError("Others were faster again and again")

    async def write(self, change: Change, *, after: Standing | None) -> Standing:
        """Write the next value after the one that was read, or the first one after None.

        Raises:
            StaleParentError: Another value was written meanwhile.
        """
        try:
            return await self._write(change, after)
        except NotFoundError:
            if after is not None and after.sequence:
                raise StaleParentError("What was kept was deleted meanwhile") from None
            await self._create()
            return await self._write(change, after)

    async def _write(self, change: Change, after: Standing | None) -> Standing:
        lane = self._lane_after(after)
        request = pb.RecordSnapshotRequest(
            execution_id=self._subject.execution_id,
            kind=convert.enum_number(SnapshotKind.STEP_END),
            step_name=change.step_name,
            key=uuid7(),
            effects=[convert.effect_message(effect) for effect in change.effects],
        )
        try:
            await self._client.stream.room()
            committed = await self._client.stream.submit(
                lane, request, change.value, timeout_seconds=self._client.timeout_seconds, frozen=True
            )
        except BaseException:
            # Where it stands now is known to the server alone.
            self._know(None)
            raise
        self._known = Standing(sequence=committed.sequence, value=change.value)
        return self._known

    def _lane_after(self, after: Standing | None) -> Lane:
        """Return the lane that stands on a value; what it has hashed of it is worth keeping."""
        sequence = 0 if after is None else after.sequence
        if self._lane is None or self._known is not after or self._lane.head != sequence:
            self._lane = Lane(self._subject.execution_id, head=0, owned=False)
            if after is not None:
                self._lane.stand_on(after.sequence, after.value)
        return self._lane

    def _know(self, standing: Standing | None) -> None:
        self._known, self._lane = standing, None

    async def _create(self) -> None:
        subject = self._subject
        try:
            await self._client.executions.create(
                execution_id=subject.execution_id,
                agent_id=subject.agent_id,
                session_id=subject.session_id,
                name=subject.name,
                tags=subject.tags,
                metadata=subject.metadata,
            )
        except AlreadyExistsError:
            # Somebody created it for another agent meanwhile; it is the same session.
            return
