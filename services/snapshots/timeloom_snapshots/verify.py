"""Proof that what is stored is what was recorded: every byte of it is covered by a hash or a checksum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_snapshots import chain, checksums
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.model import Execution, Snapshot
from timeloom_snapshots.storage.verification import StoredKeyframe, StoredSnapshot

UNREADABLE: Final = (CodecError, msgspec.MsgspecError, UnicodeDecodeError, delta.DeltaError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a snapshot, for people; sequence zero stands for the execution as a whole."""

    sequence: int
    description: str


class Verifier:
    """Follows an execution's chain from its first snapshot on.

    Snapshots are handed over in order. After the first damaged one nothing can be said of what builds on it,
    so verification ends there.
    """

    def __init__(self, project_id: UUID, execution: Execution, codec: Codec) -> None:
        self._execution = execution
        self._codec = codec
        self._chain_hashes = [chain.genesis(project_id, execution.id)]
        self._base_sequence = 0
        self._state: Any = STATE_BEFORE_ALL
        self._state_hash = StateHash.of(STATE_BEFORE_ALL)

    def check(self, stored: StoredSnapshot) -> Damage | None:
        """Verifies the next snapshot; returns what is wrong with it."""
        snapshot = stored.snapshot
        expected = len(self._chain_hashes)
        if snapshot.sequence != expected:
            return Damage(sequence=expected, description="the snapshot is missing")
        try:
            problem = (
                self._checksum_problem(stored)
                or self._chain_problem(stored)
                or self._keyframe_problem(stored)
                or self._effect_problem(stored)
            )
        except UNREADABLE as error:
            problem = f"what is stored cannot be read: {error}"
        return Damage(sequence=snapshot.sequence, description=problem) if problem else None

    def finish(self, stray_keyframes: list[int]) -> Damage | None:
        """Verifies, after the last snapshot, that there are no fewer and nothing else."""
        recorded = len(self._chain_hashes) - 1
        if recorded != self._execution.snapshot_count:
            return Damage(sequence=0, description=f"{self._execution.snapshot_count} snapshots are expected")
        if not 0 <= self._execution.head_sequence <= recorded:
            return Damage(sequence=0, description="the head is no snapshot")
        if stray_keyframes:
            return Damage(sequence=stray_keyframes[0], description="the keyframe belongs to no snapshot")
        return None

    def _checksum_problem(self, stored: StoredSnapshot) -> str | None:
        snapshot = stored.snapshot
        checksum = checksums.of_snapshot(
            base_sequence=stored.base_sequence,
            dictionary_id=stored.dictionary_id,
            state_bytes=snapshot.state_bytes,
            stored_bytes=snapshot.stored_bytes,
            delta=stored.delta,
        )
        return None if checksum == stored.checksum else "the checksum differs"

    def _chain_problem(self, stored: StoredSnapshot) -> str | None:
        snapshot = stored.snapshot
        if not 0 <= snapshot.parent_sequence < snapshot.sequence:
            return "the parent is no earlier snapshot"
        content = self._codec.decompress(stored.delta, stored.dictionary_id)
        operations = delta.decode_trusted(content)
        is_branch = snapshot.parent_sequence != snapshot.sequence - 1
        if is_branch:
            self._state, self._state_hash = STATE_BEFORE_ALL, StateHash.of(STATE_BEFORE_ALL)
        self._state = delta.apply(self._state, operations)
        self._state_hash = self._state_hash.updated(self._state, operations)
        if self._state_hash.digest != snapshot.state_hash:
            return "the state's hash differs"
        if self._state_hash.size_bytes != snapshot.state_bytes:
            return "the state's size differs"
        chain_hash = chain.link(
            self._chain_hashes[snapshot.parent_sequence],
            state_hash=snapshot.state_hash,
            facts=_facts_of(snapshot),
            delta=content,
        )
        if chain_hash != snapshot.chain_hash:
            return "the chain's hash differs"
        self._chain_hashes.append(chain_hash)
        return self._base_problem(stored, sets_root=delta.sets_root(operations))

    def _base_problem(self, stored: StoredSnapshot, *, sets_root: bool) -> str | None:
        if stored.base_sequence == stored.snapshot.sequence and (sets_root or stored.keyframe):
            self._base_sequence = stored.base_sequence
        return None if stored.base_sequence == self._base_sequence else "the base is not there"

    def _keyframe_problem(self, stored: StoredSnapshot) -> str | None:
        keyframe = stored.keyframe
        size_bytes = len(stored.delta) + (len(keyframe.state) if keyframe else 0)
        if size_bytes != stored.snapshot.stored_bytes:
            return "the stored size differs"
        if keyframe is not None and not self._holds(keyframe, stored.snapshot.sequence):
            return "the keyframe differs from the state"
        return None

    def _holds(self, keyframe: StoredKeyframe, sequence: int) -> bool:
        checksum = checksums.of_keyframe(
            sequence=sequence, dictionary_id=keyframe.dictionary_id, state=keyframe.state
        )
        content = self._codec.decompress(keyframe.state, keyframe.dictionary_id)
        return checksum == keyframe.checksum and content == canonical.encode_trusted(self._state)

    def _effect_problem(self, stored: StoredSnapshot) -> str | None:
        for each in stored.effects:
            checksum = checksums.of_effect(
                each.effect, sequence=each.sequence, dictionary_id=each.dictionary_id
            )
            if checksum != each.checksum:
                return f"effect {each.effect.key!r} differs from its checksum"
        return None


def _facts_of(snapshot: Snapshot) -> bytes:
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
