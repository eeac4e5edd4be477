"""States as they were recorded, and the heads of executions that are recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Connection
from timeloom_platform.errors import DataLossError, NotFoundError
from timeloom_snapshots import work
from timeloom_snapshots.cache import ByteCache
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.errors import ExecutionEndedError
from timeloom_snapshots.head import STATE_BEFORE_ALL, Base, Head, Position
from timeloom_snapshots.model import Execution, Snapshot
from timeloom_snapshots.storage import executions, states
from timeloom_snapshots.storage.states import StoredState

READ_EXECUTIONS_MAX: Final = 4096
"""Of how many executions it is remembered which bases were read."""

READ_BASES_MAX: Final = 16
"""How many bases of one execution are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadState:
    """A snapshot with its state."""

    snapshot: Snapshot
    state: Any


class StateReader:
    """Reads states, of which it keeps the bases, and loads heads, which it keeps, too.

    Bases are known by their chain hashes, and a head is checked by the commit that moves it: so what is kept
    can never be mistaken for what is there, whatever other replicas do.
    """

    def __init__(self, *, codec: Codec, cache_bytes: int) -> None:
        self._codec = codec
        self._heads: ByteCache[tuple[UUID, UUID], Head] = ByteCache(cache_bytes // 2)
        self._bases: ByteCache[bytes, Any] = ByteCache(cache_bytes // 2)
        self._read: LruCache[tuple[UUID, UUID], tuple[bytes, ...]] = LruCache(READ_EXECUTIONS_MAX)

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

    async def load_head(self, connection: Connection, project_id: UUID, execution_id: UUID) -> Head:
        """Reads where an execution stands.

        Raises:
            NotFoundError: There is no such execution.
            ExecutionEndedError: It takes no more snapshots.
        """
        execution = await executions.select(connection, project_id, execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {execution_id}.")
        if execution.has_ended:
            raise ExecutionEndedError(f"Execution {execution_id} has ended: {execution.status.name}.")
        head = await self._read_head(connection, project_id, execution)
        self.keep_head(project_id, head)
        return head

    async def read_position(
        self, connection: Connection, project_id: UUID, execution_id: UUID, sequence: int
    ) -> Position | None:
        """Reads a snapshot to record another one on; None if there is no such snapshot."""
        if sequence == 0:
            return Position.before_all(project_id, execution_id)
        read = await self.read(connection, project_id, execution_id, sequence)
        return await work.on(read.snapshot.state_bytes, _position_of, read) if read else None

    async def read(
        self, connection: Connection, project_id: UUID, execution_id: UUID, wanted: int | str
    ) -> ReadState | None:
        """Reads a snapshot's state; None if there is no such snapshot.

        Args:
            connection: Bound to the project.
            project_id: The project.
            execution_id: The execution.
            wanted: The snapshot's sequence, zero for the head, or its key.

        Raises:
            DataLossError: What is stored cannot be read.
        """
        known = self._known_states(project_id, execution_id)
        stored = await states.select(connection, project_id, execution_id, wanted, known=list(known))
        if stored is None:
            return None
        return ReadState(snapshot=stored.snapshot, state=await self._state_of(project_id, stored, known))

    async def _read_head(self, connection: Connection, project_id: UUID, execution: Execution) -> Head:
        new = Head.of_new_execution(project_id, execution.id, execution.create_time)
        if execution.head_sequence == 0:
            return replace(new, snapshot_count=execution.snapshot_count)
        known = self._known_states(project_id, execution.id)
        stored = await states.select(
            connection, project_id, execution.id, execution.head_sequence, known=list(known)
        )
        if stored is None:
            raise DataLossError(f"Snapshot {execution.head_sequence} of {execution.id} is missing.")
        state = await self._state_of(project_id, stored, known)
        read = ReadState(snapshot=stored.snapshot, state=state)
        return Head(
            execution_id=execution.id,
            execution_create_time=execution.create_time,
            position=await work.on(stored.snapshot.state_bytes, _position_of, read),
            snapshot_count=execution.snapshot_count,
            base=Base(
                sequence=stored.base_sequence, size_bytes=stored.base_bytes, delta_bytes=stored.delta_bytes
            ),
        )

    def _known_states(self, project_id: UUID, execution_id: UUID) -> dict[bytes, Any]:
        """Returns the states of an execution that are at hand, by their chain hashes."""
        read = self._read.get((project_id, execution_id)) or ()
        known = {
            chain_hash: state for chain_hash in read if (state := self._bases.get(chain_hash)) is not None
        }
        head = self.cached_head(project_id, execution_id)
        if head is not None:
            known[head.position.chain_hash] = head.position.state
        return known

    async def _state_of(self, project_id: UUID, stored: StoredState, known: dict[bytes, Any]) -> Any:
        snapshot = stored.snapshot
        if snapshot.chain_hash in known:
            return known[snapshot.chain_hash]
        base = known.get(stored.base_chain_hash)
        base, state = await work.on(snapshot.state_bytes, self._rebuild, stored, base)
        if stored.base_chain_hash not in known:
            self._keep_base(project_id, stored, base)
        return state

    def _keep_base(self, project_id: UUID, stored: StoredState, base: Any) -> None:
        self._bases.put(stored.base_chain_hash, base, state_bytes=stored.snapshot.state_bytes)
        key = (project_id, stored.snapshot.execution_id)
        read = self._read.get(key) or ()
        self._read.put(key, (*read, stored.base_chain_hash)[-READ_BASES_MAX:])

    def _rebuild(self, stored: StoredState, base: Any) -> tuple[Any, Any]:
        """Returns the base's state, and the state that the deltas lead to from there."""
        try:
            if stored.base is not None:
                base = self._base_state(
                    stored, self._codec.decompress(stored.base, stored.base_dictionary_id)
                )
            # Parsing many small documents as one array costs half of parsing each for itself.
            encoded = b",".join([self._codec.decompress(*each) for each in stored.deltas])
            return base, delta.apply_all(base, delta.decode_trusted_all(b"[" + encoded + b"]"))
        except (CodecError, msgspec.MsgspecError, UnicodeDecodeError, delta.DeltaError) as error:
            snapshot = stored.snapshot
            raise DataLossError(
                f"Snapshot {snapshot.sequence} of {snapshot.execution_id} cannot be read from what is stored."
            ) from error

    @staticmethod
    def _base_state(stored: StoredState, content: bytes) -> Any:
        if stored.is_keyframe:
            return canonical.decode_trusted(content)
        return delta.apply(STATE_BEFORE_ALL, delta.decode_trusted(content))


def _position_of(read: ReadState) -> Position:
    snapshot, state_hash = read.snapshot, StateHash.of(read.state)
    if state_hash.digest != snapshot.state_hash:
        raise DataLossError(f"Snapshot {snapshot.sequence} of {snapshot.execution_id} fails its hash.")
    return Position(
        sequence=snapshot.sequence, state=read.state, state_hash=state_hash, chain_hash=snapshot.chain_hash
    )
