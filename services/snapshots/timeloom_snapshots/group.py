"""Snapshots on their way to a commit: what callers ask for, and the group that commits together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_snapshots import events, limits
from timeloom_snapshots.head import Head
from timeloom_snapshots.model import NewSnapshot, Record, Snapshot
from timeloom_snapshots.storage.commit import Move

KeyedSnapshots = dict[tuple[UUID, str], Snapshot]


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """Snapshots of one execution that stand or fall together.

    Attributes:
        answer: Gets the recorded snapshots, or the reason why there are none.
        traceparent: The trace that the events belong to.
        size_bytes: What it takes while it waits.
        attempts: How often it was made ready in vain.
        is_alone: Whether it is to be committed by itself.
        recorded: Those of its keys that were recorded before; None if nobody has looked.
        needs_lookup: Whether somebody has to look.
    """

    execution_id: UUID
    records: Sequence[Record]
    answer: asyncio.Future[Sequence[Snapshot]]
    traceparent: str
    size_bytes: int
    attempts: int = 0
    is_alone: bool = False
    needs_lookup: bool = False
    recorded: KeyedSnapshots | None = None

    @property
    def keys(self) -> list[tuple[UUID, str]]:
        """The keys by which its snapshots are to be recognised."""
        return [(self.execution_id, record.key) for record in self.records if record.key]

    def refuse(self, error: Exception) -> None:
        """Answers with an error, unless the caller has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request that is ready.

    Attributes:
        origin: The head that it was found on; None if everything was recorded before.
        head: The head that it leads to; None likewise.
        new: What is to be written for it.
        answer: What it is answered with after the commit.
    """

    origin: Head | None
    head: Head | None
    new: Sequence[NewSnapshot]
    answer: Sequence[Snapshot]


@dataclass(slots=True, eq=False)
class Group:
    """Requests that were made ready one on top of the other.

    Attributes:
        origins: The heads that it begins with.
        heads: The heads that it leads to.
        new: What is to be written.
        answers: For each request, the snapshots that it is answered with after the commit.
        keyed: The new snapshots that have a key.
        is_alone: Whether its request is to be committed by itself.
    """

    origins: dict[UUID, Head] = field(default_factory=dict[UUID, Head])
    heads: dict[UUID, Head] = field(default_factory=dict[UUID, Head])
    new: list[NewSnapshot] = field(default_factory=list[NewSnapshot])
    answers: dict[Request, Sequence[Snapshot]] = field(default_factory=dict[Request, Sequence[Snapshot]])
    keyed: KeyedSnapshots = field(default_factory=KeyedSnapshots)
    size_bytes: int = 0
    is_alone: bool = False

    @property
    def requests(self) -> Iterable[Request]:
        """What it answers, in order."""
        return self.answers.keys()

    @property
    def is_full(self) -> bool:
        """Whether it takes no more requests."""
        return (
            len(self.new) >= limits.GROUP_SNAPSHOTS_MAX
            or self.size_bytes >= limits.GROUP_BYTES_MAX
            or self.is_alone
        )

    def has_room_for(self, request: Request) -> bool:
        """Tells whether a request may be added; the first one always may."""
        return not self.answers or not (
            request.is_alone
            or self.is_full
            or len(self.new) + len(request.records) > limits.GROUP_SNAPSHOTS_MAX
            or self.size_bytes + request.size_bytes > limits.GROUP_BYTES_MAX
        )

    def add(self, request: Request, prepared: Prepared) -> None:
        """Adds a request that is ready."""
        self.answers[request] = prepared.answer
        self.is_alone = self.is_alone or request.is_alone
        if prepared.origin is None or prepared.head is None or not prepared.new:
            return
        self.origins.setdefault(request.execution_id, prepared.origin)
        self.heads[request.execution_id] = prepared.head
        self.new.extend(prepared.new)
        self.size_bytes += request.size_bytes
        for each in prepared.new:
            if each.snapshot.key:
                self.keyed[request.execution_id, each.snapshot.key] = each.snapshot

    def moves(self) -> list[Move]:
        """What the commit does to the heads."""
        return [
            Move(
                execution_id=execution_id,
                execution_create_time=origin.execution_create_time,
                old_head=origin.position.sequence,
                old_count=origin.snapshot_count,
                head=self.heads[execution_id].snapshot_count,
            )
            for execution_id, origin in self.origins.items()
        ]

    def events(self) -> list[events_pb2.Event]:
        """What the commit tells the others."""
        last = {each.snapshot.execution_id: each.snapshot for each in self.new}
        traceparents = {request.execution_id: request.traceparent for request in self.answers}
        return [
            events.snapshots_recorded(
                execution_id,
                first=self.origins[execution_id].snapshot_count + 1,
                last=snapshot.sequence,
                step_name=snapshot.step_name,
                traceparent=traceparents[execution_id],
            )
            for execution_id, snapshot in last.items()
        ]

    def answer(self) -> None:
        """Answers all callers that are still there: it is committed."""
        for request, snapshots in self.answers.items():
            if not request.answer.done():
                request.answer.set_result(snapshots)
