"""States as they were recorded, and the heads of executions that are recording."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_platform.errors import DataLossError, NotFoundError
from timeloom_snapshots import segments, work
from timeloom_snapshots.cache import ByteCache
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.errors import ExecutionEndedError
from timeloom_snapshots.head import STATE_BEFORE_ALL, Base, Head, Position
from timeloom_snapshots.model import Execution, Snapshot
from timeloom_snapshots.storage import executions, states
from timeloom_snapshots.storage.states import NOTHING_KNOWN, Known, StoredState

READ_EXECUTIONS_MAX: Final = 4096
"""Of how many executions it is remembered which states are at hand."""

READ_STATES_MAX: Final = 256
"""How many states of one execution are remembered."""

WORTH_KEEPING_DELTAS: Final = 4
"""A state that took fewer deltas from another one at hand is not worth being kept, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadState:
    """A snapshot with its state, which has the hash that was recorded."""

    snapshot: Snapshot
    state: Any
    state_hash: StateHash


class _Hashed:
    """A state, and what is needed to hash the next one, which is made when it is first needed."""

    __slots__ = ("_state_hash", "state")

    def __init__(self, state: Any, state_hash: StateHash | None = None) -> None:
        self.state = state
        self._state_hash = state_hash

    @property
    def state_hash(self) -> StateHash:
        """The state's hash."""
        if self._state_hash is None:
            self._state_hash = StateHash.of(self.state)
        return self._state_hash


class StateReader:
    """Reads states, some of which it keeps to begin with the next time, and loads heads, which it keeps, too.

    States are known by their chain hashes, and a head is checked by the commit that moves it: so what is kept
    can never be mistaken for what is there, whatever other replicas do. States of one execution share what is
    the same in them, so that keeping many costs little.
    """

    def __init__(self, *, database: Database, codec: Codec, cache_bytes: int) -> None:
        self._database = database
        self._codec = codec
        self._heads: ByteCache[tuple[UUID, UUID], Head] = ByteCache(cache_bytes // 2)
        self._states: ByteCache[bytes, _Hashed] = ByteCache(cache_bytes // 2)
        self._read: LruCache[tuple[UUID, UUID], dict[int, bytes]] = LruCache(READ_EXECUTIONS_MAX)

    def cached_head(self, project_id: UUID, execution_id: UUID) -> Head | None:
        """Returns an execution's head if it is at hand; it may have moved since."""
        return self._heads.get((project_id, execution_id))

    def keep_head(self, project_id: UUID, head: Head) -> None:
        """Keeps a head that was committed."""
        state_bytes = head.position.state_hash.size_bytes
        self._heads.put((project_id, head.execution_id), head, state_bytes=state_bytes)

    def forget_head(self, project_id: UUID, execution_id: UUID) -> None:
        """Forgets a head that is not there any more."""
        self._heads.discard((project_id, execution_id))

    async def load_head(self, project_id: UUID, execution_id: UUID) -> Head:
        """Reads where an execution stands.

        Raises:
            NotFoundError: There is no such execution.
            ExecutionEndedError: It takes no more snapshots.
        """
        async with self._database.transaction(str(project_id)) as connection:
            execution = await executions.select(connection, project_id, execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {execution_id}.")
        if execution.has_ended:
            raise ExecutionEndedError(f"Execution {execution_id} has ended: {execution.status.name}.")
        head = await self._read_head(project_id, execution)
        self.keep_head(project_id, head)
        return head

    async def read_position(self, project_id: UUID, execution_id: UUID, sequence: int) -> Position | None:
        """Reads a snapshot to record another one on; None if there is no such snapshot."""
        if sequence == 0:
            return Position.before_all(project_id, execution_id)
        read = await self.read(project_id, execution_id, sequence)
        return _position_of(read) if read else None

    async def read(self, project_id: UUID, execution_id: UUID, wanted: int | str) -> ReadState | None:
        """Reads a snapshot's state; None if there is no such snapshot.

        Args:
            project_id: The project.
            execution_id: The execution.
            wanted: The snapshot's sequence, zero for the head, or its key.

        Raises:
            DataLossError: What is stored cannot be read, or is not what was recorded.
        """
        known, hashed = self._nearest(project_id, execution_id, wanted)
        stored = await states.select(self._database, project_id, execution_id, wanted, known=known)
        if stored is None:
            return None
        return await self._read_state(project_id, stored, hashed)

    async def _read_head(self, project_id: UUID, execution: Execution) -> Head:
        sequence = execution.head_sequence
        if sequence == 0:
            new = Head.of_new_execution(project_id, execution.id, execution.create_time)
            return replace(new, snapshot_count=execution.snapshot_count)
        head = await self.read_head_at(project_id, execution, sequence)
        if head is None:
            raise DataLossError(f"Snapshot {sequence} of {execution.id} is missing.")
        return head

    async def read_head_at(self, project_id: UUID, execution: Execution, sequence: int) -> Head | None:
        """Reads an execution as if it stood on one of its snapshots; None if there is no such snapshot.

        Raises:
            DataLossError: What is stored cannot be read.
        """
        known, hashed = self._nearest(project_id, execution.id, sequence)
        stored = await states.select(self._database, project_id, execution.id, sequence, known=known)
        if stored is None:
            return None
        async with self._database.transaction(str(project_id)) as connection:
            delta_bytes = await states.select_delta_bytes(
                connection, project_id, execution.id, after=stored.base_sequence, last=sequence
            )
        return Head(
            execution_id=execution.id,
            execution_create_time=execution.create_time,
            position=_position_of(await self._read_state(project_id, stored, hashed)),
            snapshot_count=execution.snapshot_count,
            shared_count=execution.shared_count,
            base=Base(sequence=stored.base_sequence, size_bytes=stored.base_bytes, delta_bytes=delta_bytes),
        )

    def _nearest(
        self, project_id: UUID, execution_id: UUID, wanted: int | str
    ) -> tuple[Known, _Hashed | None]:
        """Returns the last snapshot up to the wanted one whose state is at hand, with that state."""
        candidates = dict(self._read.get((project_id, execution_id)) or {})
        head = self.cached_head(project_id, execution_id)
        if head is not None:
            candidates[head.position.sequence] = head.position.chain_hash
        for sequence in sorted(candidates, reverse=True):
            if isinstance(wanted, int) and 0 < wanted < sequence:
                continue
            chain_hash = candidates[sequence]
            if head is not None and chain_hash == head.position.chain_hash:
                return Known(sequence, chain_hash), _Hashed(head.position.state, head.position.state_hash)
            hashed = self._states.get(chain_hash)
            if hashed is not None:
                return Known(sequence, chain_hash), hashed
        return NOTHING_KNOWN, None

    async def _read_state(self, project_id: UUID, stored: StoredState, known: _Hashed | None) -> ReadState:
        """Rebuilds a state from the base, or from the known state if the deltas begin there."""
        snapshot = stored.snapshot
        start, end = await work.on(snapshot.state_bytes, self._rebuild, stored, known)
        if stored.base is not None:
            self._keep(project_id, stored, stored.start, start)
        if snapshot.sequence - stored.start.sequence >= WORTH_KEEPING_DELTAS:
            self._keep(project_id, stored, Known(snapshot.sequence, snapshot.chain_hash), end)
        return ReadState(snapshot=snapshot, state=end.state, state_hash=end.state_hash)

    def _keep(self, project_id: UUID, stored: StoredState, at: Known, hashed: _Hashed) -> None:
        self._states.put(at.chain_hash, hashed, state_bytes=stored.snapshot.state_bytes)
        key = (project_id, stored.snapshot.execution_id)
        kept = {**(self._read.get(key) or {}), at.sequence: at.chain_hash}
        while len(kept) > READ_STATES_MAX:
            del kept[next(iter(kept))]
        self._read.put(key, kept)

    def _rebuild(self, stored: StoredState, known: _Hashed | None) -> tuple[_Hashed, _Hashed]:
        """Returns the state at which the deltas begin, and the one that they lead to, which has its hash."""
        snapshot = stored.snapshot
        try:
            start = known if stored.base is None else self._base(stored, stored.base)
            assert start is not None, "deltas begin at a base, or at what is known"
            end = self._advanced(start, stored)
        except (CodecError, msgspec.MsgspecError, UnicodeDecodeError, delta.DeltaError) as error:
            raise DataLossError(
                f"Snapshot {snapshot.sequence} of {snapshot.execution_id} cannot be read from what is stored."
            ) from error
        if end.state_hash.digest != snapshot.state_hash:
            raise DataLossError(f"Snapshot {snapshot.sequence} of {snapshot.execution_id} fails its hash.")
        return start, end

    def _advanced(self, start: _Hashed, stored: StoredState) -> _Hashed:
        if not stored.deltas:
            return start
        # Parsing many small documents as one array costs half of parsing each for itself.
        encoded = b",".join(segments.steps(stored.deltas, self._codec))
        deltas = delta.decode_trusted_all(b"[" + encoded + b"]")
        state = delta.apply_all(start.state, deltas)
        if stored.base is not None:
            # One whole state has to be hashed: the end, and not the base.
            return _Hashed(state)
        # To hash only what the deltas touched costs a tenth of hashing the whole.
        return _Hashed(state, start.state_hash.updated(state, list(chain.from_iterable(deltas))))

    def _base(self, stored: StoredState, frame: bytes) -> _Hashed:
        content = self._codec.decompress(frame, stored.base_dictionary_id)
        if stored.is_keyframe:
            state = canonical.decode_trusted(content)
        else:
            state = delta.apply(STATE_BEFORE_ALL, delta.decode_trusted(content))
        return _Hashed(state)


def _position_of(read: ReadState) -> Position:
    return Position(
        sequence=read.snapshot.sequence,
        state=read.state,
        state_hash=read.state_hash,
        chain_hash=read.snapshot.chain_hash,
    )
