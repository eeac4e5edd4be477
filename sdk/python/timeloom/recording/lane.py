"""The snapshots of one execution on their way: in order, each a delta from the one before it.

A lane knows nothing of the network. The stream takes entries from it, tells it what became of them, and
asks it to start anew from the execution's head when the server and the lane no longer agree.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from timeloom.errors import (
    DeltaMismatchError,
    ExecutionEndedError,
    RetryableError,
    StaleParentError,
    StateHashMismatchError,
    TimeloomError,
)
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash

ATTEMPTS_MAX: Final = 6
"""How often an entry is sent before its refusal is final; broken connections do not count."""

_NO_STATE: Final = object()
_DISAGREEMENTS: Final = (StaleParentError, DeltaMismatchError, StateHashMismatchError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The numbers of a snapshot that is stored."""

    sequence: int
    state_hash: str


class Phase(Enum):
    """Where an entry is."""

    QUEUED = auto()
    IN_FLIGHT = auto()
    REFUSED = auto()
    SETTLED = auto()


@dataclass(slots=True, eq=False)
class Entry:
    """One snapshot on its way.

    Attributes:
        request: What is sent: everything, with its content and parent as they are believed to fit.
        state: The whole state, which nobody changes any more: a disagreement is settled by sending it.
        base: The state that the content is a delta from, if it is one.
        parent: The parent that the caller named; None to follow the lane.
        deadline: On the event loop's clock; when it passes, the outcome is given up.
        alone: Sent in a message of its own, because its neighbours may be what the server refuses.
        doom: What became of the entry before it, so that this one must not be stored on anything else.
    """

    lane: Lane
    request: pb.RecordSnapshotRequest
    state: Any
    parent: int | None
    deadline: float
    future: asyncio.Future[Committed]
    base: Any = _NO_STATE
    phase: Phase = Phase.QUEUED
    refusal: TimeloomError | None = None
    attempts: int = 0
    alone: bool = False
    doom: TimeloomError | None = None
    content_bytes: int = 0

    def use_whole_state(self) -> None:
        """Send the state itself, which fits any parent."""
        self.request.state = canonical.encode_trusted(self.state)
        self.request.state_hash = ""
        self.base = _NO_STATE
        self.content_bytes = len(self.request.state)


class Lane:
    """One execution's entries, in the order in which they were recorded.

    Attributes:
        head: The sequence that the last entry will have; None if that cannot be told.
        owned: Only this client records here: it may settle a disagreement by its own state.
        broken: Nothing is sent until `restart` has put the lane on firm ground again.
    """

    def __init__(self, execution_id: str, *, head: int | None, owned: bool) -> None:
        self.execution_id = execution_id
        self.head = head
        self.owned = owned
        self.broken = head is None
        self._entries: deque[Entry] = deque()
        self._state: Any = _NO_STATE
        self._hash: StateHash | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def has_state(self) -> bool:
        """Whether the next snapshot can be a delta."""
        return self._state is not _NO_STATE

    @property
    def in_flight(self) -> bool:
        """Whether the server still owes an answer."""
        return any(entry.phase is Phase.IN_FLIGHT for entry in self._entries)

    def append(
        self,
        request: pb.RecordSnapshotRequest,
        state: Any,
        *,
        deadline: float,
        future: asyncio.Future[Committed],
        parent: int | None = None,
        frozen: bool = False,
        default: Callable[[Any], Any] | None = None,
    ) -> Entry:
        """Add a snapshot, taking a private copy of what changed in its state.

        Args:
            request: Everything but content and parent.
            state: The caller's state, which it may change afterwards.
            deadline: When to give up, on the event loop's clock.
            future: Told what became of it.
            parent: A parent to branch from, zero to begin anew; None for the entry before.
            frozen: Nobody will change the state, and it holds nothing but JSON types: it need not be copied.
            default: For values that JSON does not know.

        Raises:
            CanonicalError: JSON cannot say the state; the lane is as it was.
        """
        entry = Entry(lane=self, request=request, state=None, parent=parent, deadline=deadline, future=future)
        if self._state is _NO_STATE or (parent is not None and parent != self.head):
            entry.state = state if frozen else canonical.normalize(state, default=default)
            entry.use_whole_state()
            self._hash = None
        elif frozen:
            self._use_delta(entry, delta.diff(self._state, state), state)
        else:
            self._use_delta(entry, *delta.track(self._state, state, default=default))
        self._state = entry.state
        if parent is None:
            self._follow(entry)
        else:
            request.parent_sequence, request.branch = parent, True
            self.head = None
        self._entries.append(entry)
        return entry

    def _use_delta(self, entry: Entry, operations: Sequence[delta.Operation], state: Any) -> None:
        before = self._hash or StateHash.of(self._state)
        self._hash = before.updated(state, operations)
        entry.base, entry.state = self._state, state
        entry.request.delta = delta.encode(operations)
        entry.request.state_hash = self._hash.digest.hex()
        entry.content_bytes = len(entry.request.delta)

    def stand_on(self, sequence: int, state: Any) -> None:
        """Send the next snapshot as a delta from this one, which the server has; nobody changes the state."""
        if not self._entries and self.head != sequence:
            self.head, self._state, self._hash, self.broken = sequence, state, None, False

    def _follow(self, entry: Entry) -> None:
        if self.head is not None:
            entry.request.parent_sequence = self.head
            self.head += 1

    def take(self, *, count_max: int, bytes_max: int) -> list[Entry]:
        """Return the next entries to send in one message, now in flight; none while the lane is broken."""
        taken: list[Entry] = []
        size = 0
        for entry in self._entries:
            if self.broken or len(taken) >= count_max or (taken and (taken[-1].alone or entry.alone)):
                break
            if entry.phase is not Phase.QUEUED:
                continue
            size += entry.content_bytes
            if taken and size > bytes_max:
                break
            entry.phase = Phase.IN_FLIGHT
            entry.attempts += 1
            taken.append(entry)
        return taken

    def requeue(self) -> None:
        """Take back what is in flight: the connection broke, and nobody knows what arrived."""
        for entry in self._entries:
            if entry.phase is Phase.IN_FLIGHT:
                entry.phase = Phase.QUEUED
                entry.attempts -= 1

    def commit(self, entry: Entry, committed: Committed) -> None:
        """An entry is stored."""
        self._remove(entry)
        if not self._entries and not self.broken:
            self.head = committed.sequence
        if not entry.future.done():
            entry.future.set_result(committed)

    def refuse(self, entry: Entry, error: TimeloomError, *, shared: bool) -> None:
        """An entry was not stored; `shared` if others of its lane were in the message and may be to blame."""
        stood_on_nothing = self.broken and entry.parent is None
        self.broken = True
        entry.refusal = error
        entry.phase = Phase.REFUSED
        if entry.doom is not None:
            self.fail(entry, entry.doom)
        elif stood_on_nothing:
            pass  # Whatever it was refused for, the entry before it was not stored.
        elif shared and not isinstance(error, (*_DISAGREEMENTS, RetryableError)):
            for other in self._entries:
                other.alone = True
        elif not self._may_retry(entry, error):
            self.fail(entry, error)

    def _may_retry(self, entry: Entry, error: TimeloomError) -> bool:
        if entry.attempts >= ATTEMPTS_MAX:
            return False
        if isinstance(error, _DISAGREEMENTS):
            return self.owned or entry.parent is not None
        return isinstance(error, RetryableError)

    def fail(self, entry: Entry, error: TimeloomError) -> None:
        """Give an entry up; what follows it no longer stands on what the server has."""
        self.broken = True
        if entry.phase is Phase.SETTLED:
            return
        self._remove(entry)
        if not entry.future.done():
            entry.future.set_exception(error)
        if isinstance(error, ExecutionEndedError) or (isinstance(error, StaleParentError) and not self.owned):
            for follower in list(self._entries):
                if follower.phase is Phase.IN_FLIGHT:
                    follower.doom = error
                else:
                    self.fail(follower, error)

    def _remove(self, entry: Entry) -> None:
        entry.phase = Phase.SETTLED
        self._entries.remove(entry)

    def restart(self, head: int) -> None:
        """Start anew from the execution's head, with the whole state of the first entry.

        Entries that name their parents keep them: they branch wherever the head is.
        """
        self.head = head
        self._state = _NO_STATE
        for entry in self._entries:
            entry.phase, entry.refusal = Phase.QUEUED, None
            if entry.base is not self._state or entry.parent is not None:
                entry.use_whole_state()
            if entry.parent is None:
                self._follow(entry)
            else:
                self.head = None
            self._state = entry.state
        self._hash = None
        self.broken = False
