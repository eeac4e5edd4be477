"""Proof that what is stored is what was recorded: every byte of it is covered by a hash or a checksum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_snapshots import chain, checksums, limits
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage.verification import StoredKeyframe, StoredSnapshot

UNREADABLE: Final = (CodecError, msgspec.MsgspecError, UnicodeDecodeError, delta.DeltaError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a snapshot, for people; sequence zero stands for the execution as a whole.

    Attributes:
        execution_id: Whose row it is.
    """

    execution_id: UUID
    sequence: int
    description: str


class _Content(NamedTuple):
    """A delta, uncompressed, and what it says."""

    encoded: bytes
    operations: list[delta.Operation]


class _State(NamedTuple):
    """What the deltas lead to."""

    value: Any
    hash: StateHash


_BEFORE_ALL: Final = _State(STATE_BEFORE_ALL, StateHash.of(STATE_BEFORE_ALL))


class Verifier:
    """Follows an execution's chain from its first snapshot on, and names every snapshot that is damaged.

    Snapshots are handed over in order. What a damaged one led to is not known; what follows is compared with
    its hashes from the next whole state on, and before that by the chain, which no state is needed for.
    """

    def __init__(self, project_id: UUID, *, first_owner_id: UUID, codec: Codec) -> None:
        """Begins at the beginning.

        Args:
            project_id: The project.
            first_owner_id: Whose row the first snapshot is: its id begins the chain.
            codec: Decompresses what is stored.
        """
        self.problems: list[Damage] = []
        self.snapshot_count = 0
        self._codec = codec
        self._genesis = chain.genesis(project_id, first_owner_id)
        self._expected = 1
        self._base_sequence = 0
        self._state: _State | None = _BEFORE_ALL
        # What a chain hash should have been, where it is not: those that stand on it are right.
        self._chain_hashes: dict[int, bytes] = {}

    @property
    def is_full(self) -> bool:
        """Whether more problems were found than are told."""
        return len(self.problems) > limits.PROBLEMS_MAX

    def check(self, stored: StoredSnapshot) -> None:
        """Verifies the next snapshot."""
        self.miss_until(stored.snapshot.sequence, owner_id=stored.owner_id)
        self._expected = stored.snapshot.sequence + 1
        self.snapshot_count += 1
        problem = self._problem(stored)
        if problem:
            self.add(stored.owner_id, stored.snapshot.sequence, problem)

    def miss_until(self, sequence: int, *, owner_id: UUID) -> None:
        """Names the snapshots before one that are not there."""
        if self._expected < sequence:
            self._state = None
        while self._expected < sequence and not self.is_full:
            self.add(owner_id, self._expected, "the snapshot is missing")
            self._expected += 1

    def add(self, owner_id: UUID, sequence: int, description: str) -> None:
        """Names something that is wrong."""
        self.problems.append(Damage(execution_id=owner_id, sequence=sequence, description=description))

    def _problem(self, stored: StoredSnapshot) -> str | None:
        """Returns what is wrong, the first that is found, and goes on to the snapshot's state."""
        try:
            encoded = self._codec.decompress(stored.delta, stored.dictionary_id)
            content = _Content(encoded, delta.decode_trusted(encoded))
        except UNREADABLE as error:
            self._state = self._state_in(stored.keyframe, stored.snapshot)
            self._find_base(stored, sets_root=False)
            return f"the delta cannot be read: {error}"
        state_problem = self._state_problem(stored, content)
        chain_problem = self._chain_problem(stored, content)
        base_problem = self._base_problem(stored, sets_root=delta.sets_root(content.operations))
        return (
            _checksum_problem(stored)
            or state_problem
            or chain_problem
            or base_problem
            or self._keyframe_problem(stored)
            or _effect_problem(stored)
        )

    def _state_problem(self, stored: StoredSnapshot, content: _Content) -> str | None:
        snapshot = stored.snapshot
        try:
            self._state = self._next(content.operations)
        except UNREADABLE as error:
            self._state = self._state_in(stored.keyframe, snapshot)
            return f"the delta does not apply: {error}"
        if self._state is None:
            self._state = self._state_in(stored.keyframe, snapshot)
        if self._state is None:
            return None
        if self._state.hash.digest != snapshot.state_hash:
            self._state = self._state_in(stored.keyframe, snapshot)
            return "the state's hash differs"
        if self._state.hash.size_bytes != snapshot.state_bytes:
            return "the state's size differs"
        return None

    def _next(self, operations: list[delta.Operation]) -> _State | None:
        before = _BEFORE_ALL if delta.sets_root(operations) else self._state
        if before is None:
            return None
        value = delta.apply(before.value, operations)
        return _State(value, before.hash.updated(value, operations))

    def _state_in(self, keyframe: StoredKeyframe | None, snapshot: Snapshot) -> _State | None:
        """Returns the state in a keyframe, if it is the snapshot's, to go on from there."""
        if keyframe is None:
            return None
        try:
            value = canonical.decode_trusted(self._codec.decompress(keyframe.state, keyframe.dictionary_id))
            found = _State(value, StateHash.of(value))
        except UNREADABLE:
            return None
        return found if found.hash.digest == snapshot.state_hash else None

    def _chain_problem(self, stored: StoredSnapshot, content: _Content) -> str | None:
        snapshot = stored.snapshot
        parent = snapshot.parent_sequence
        if not 0 <= parent < snapshot.sequence:
            return "the parent is no earlier snapshot"
        recorded = self._genesis if parent == 0 else stored.parent_chain_hash
        if recorded is None:
            # It is missing, and named as such.
            return None
        chain_hashes = [
            chain.link(each, state_hash=snapshot.state_hash, facts=facts_of(snapshot), delta=content.encoded)
            for each in (recorded, self._chain_hashes.get(parent))
            if each is not None
        ]
        if snapshot.chain_hash in chain_hashes:
            return None
        self._chain_hashes[snapshot.sequence] = chain_hashes[-1]
        return "the chain's hash differs"

    def _base_problem(self, stored: StoredSnapshot, *, sets_root: bool) -> str | None:
        return None if self._find_base(stored, sets_root=sets_root) else "the base is not there"

    def _find_base(self, stored: StoredSnapshot, *, sets_root: bool) -> bool:
        """Takes note of a new base; tells whether the snapshot names the one that is there."""
        sequence = stored.snapshot.sequence
        is_base = stored.base_sequence == sequence
        is_whole = sets_root or (is_base and stored.keyframe is not None)
        if is_whole or (is_base and _checksum_problem(stored) is None):
            self._base_sequence = sequence
        elif self._state is None:
            # The base may be what is missing, and is named as such.
            self._base_sequence = stored.base_sequence
        return stored.base_sequence == self._base_sequence and (is_whole or not is_base)

    def _keyframe_problem(self, stored: StoredSnapshot) -> str | None:
        keyframe = stored.keyframe
        size_bytes = len(stored.delta) + (len(keyframe.state) if keyframe else 0)
        if size_bytes != stored.snapshot.stored_bytes:
            return "the stored size differs"
        if keyframe is None:
            return None
        checksum = checksums.of_keyframe(
            sequence=stored.snapshot.sequence, dictionary_id=keyframe.dictionary_id, state=keyframe.state
        )
        if checksum != keyframe.checksum:
            return "the keyframe differs from its checksum"
        try:
            content = self._codec.decompress(keyframe.state, keyframe.dictionary_id)
        except UNREADABLE as error:
            return f"the keyframe cannot be read: {error}"
        if self._state is not None and content != canonical.encode_trusted(self._state.value):
            return "the keyframe differs from the state"
        return None


def _checksum_problem(stored: StoredSnapshot) -> str | None:
    snapshot = stored.snapshot
    checksum = checksums.of_snapshot(
        base_sequence=stored.base_sequence,
        dictionary_id=stored.dictionary_id,
        state_bytes=snapshot.state_bytes,
        stored_bytes=snapshot.stored_bytes,
        delta=stored.delta,
    )
    return None if checksum == stored.checksum else "the checksum differs"


def _effect_problem(stored: StoredSnapshot) -> str | None:
    for each in stored.effects:
        checksum = checksums.of_effect(each.effect, sequence=each.sequence, dictionary_id=each.dictionary_id)
        if checksum != each.checksum:
            return f"effect {each.effect.key!r} differs from its checksum"
    return None


def facts_of(snapshot: Snapshot) -> bytes:
    """Returns the fixed encoding of what was recorded with a snapshot, as the chain covers it."""
    return chain.facts(
        sequence=snapshot.sequence,
        parent_sequence=snapshot.parent_sequence,
        kind=snapshot.kind,
        create_time=snapshot.create_time,
        step_name=snapshot.step_name,
        label=snapshot.label,
        key=snapshot.key,
        tags=snapshot.tags,
        metadata=snapshot.metadata,
    )
