"""Proof that what is stored is what was recorded: every byte of it is covered by a hash or a checksum."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_snapshots import chain, checksums, limits, segments
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.segments import Entry
from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.storage.verification import Page, StoredSnapshot

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
    """A delta, uncompressed, what it says, and what leads to the state: itself, or a bridge."""

    encoded: bytes
    sets_root: bool
    step: list[delta.Operation]
    is_bridge: bool


class _State(NamedTuple):
    """What the deltas lead to."""

    value: Any
    hash: StateHash


_BEFORE_ALL: Final = _State(STATE_BEFORE_ALL, StateHash.of(STATE_BEFORE_ALL))


class Verifier:
    """Follows an execution's chain from its first snapshot on, and names every snapshot that is damaged.

    Pages are handed over in order. What a damaged snapshot led to is not known; what follows is compared with
    its hashes from the next whole state on, and before that by the chain, which no state is needed for.
    """

    def __init__(self, project_id: UUID, *, deleted: Sequence[SequenceRange], codec: Codec) -> None:
        """Begins at the beginning.

        Args:
            project_id: The project.
            deleted: The snapshots that are not there on purpose, in order.
            codec: Decompresses what is stored.
        """
        self.problems: list[Damage] = []
        self.snapshot_count = 0
        self._codec = codec
        self._project_id = project_id
        self._deleted = deque(deleted)
        self._sealed = SealedDeltas()
        self._expected = 1
        self._base_sequence = 0
        self._is_after_gap = False
        self._state: _State | None = _BEFORE_ALL
        # What a chain hash should have been, where it is not: those that stand on it are right.
        self._chain_hashes: dict[int, bytes] = {}

    @property
    def is_full(self) -> bool:
        """Whether more problems were found than are told."""
        return len(self.problems) > limits.PROBLEMS_MAX

    def check(self, page: Page) -> None:
        """Verifies the next snapshots."""
        for owner_id, sequence, description in self._sealed.turn_to(page):
            self.add(owner_id, sequence, description)
        for stored in page.snapshots:
            if self.is_full:
                return
            self.miss_until(stored.snapshot.sequence, owner_id=stored.owner_id)
            self._expected = stored.snapshot.sequence + 1
            self.snapshot_count += 1
            problem = self._problem(stored) or self._presence_problem(stored.snapshot.sequence)
            if problem:
                self.add(stored.owner_id, stored.snapshot.sequence, problem)

    def miss_until(self, sequence: int, *, owner_id: UUID) -> None:
        """Names the snapshots before one that are not there, unless they were deleted."""
        self._is_after_gap = self._expected < sequence
        while self._expected < sequence and not self.is_full:
            deleted = self._deleted_from(self._expected)
            if deleted and deleted.first <= self._expected:
                self._expected = min(deleted.last + 1, sequence)
                continue
            self._state = None
            self.add(owner_id, self._expected, "the snapshot is missing")
            self._expected += 1

    def add(self, owner_id: UUID, sequence: int, description: str) -> None:
        """Names something that is wrong."""
        self.problems.append(Damage(execution_id=owner_id, sequence=sequence, description=description))

    def _presence_problem(self, sequence: int) -> str | None:
        deleted = self._deleted_from(sequence)
        is_deleted = deleted is not None and deleted.first <= sequence
        return "the snapshot is there, but noted as deleted" if is_deleted else None

    def _deleted_from(self, sequence: int) -> SequenceRange | None:
        """Returns the first deleted snapshots that do not all lie before one."""
        while self._deleted and self._deleted[0].last < sequence:
            self._deleted.popleft()
        return self._deleted[0] if self._deleted else None

    def _problem(self, stored: StoredSnapshot) -> str | None:
        """Returns what is wrong, the first that is found, and goes on to the snapshot's state."""
        try:
            content = self._content(stored)
        except UNREADABLE as error:
            self._state = self._state_in(stored)
            self._find_base(stored, sets_root=False)
            return f"the delta cannot be read: {error}"
        state_problem = self._state_problem(stored, content)
        chain_problem = self._chain_problem(stored, content)
        has_base = self._find_base(stored, sets_root=content.sets_root)
        return (
            _checksum_problem(stored)
            or state_problem
            or chain_problem
            or (None if has_base else "the base is not there")
            or self._keyframe_problem(stored)
            or _effect_problem(stored)
        )

    def _content(self, stored: StoredSnapshot) -> _Content:
        if stored.delta is None:
            encoded, bridge = self._sealed.take(stored.owner_id, stored.snapshot.sequence)
        else:
            encoded = self._codec.decompress(stored.delta, stored.dictionary_id)
            bridge = stored.bridge and self._codec.decompress(stored.bridge, stored.dictionary_id)
        operations = delta.decode_trusted(encoded)
        return _Content(
            encoded=encoded,
            sets_root=delta.sets_root(operations),
            step=operations if bridge is None else delta.decode_trusted(bridge),
            is_bridge=bridge is not None,
        )

    def _state_problem(self, stored: StoredSnapshot, content: _Content) -> str | None:
        snapshot = stored.snapshot
        try:
            self._state = self._next(content) or self._state_in(stored)
        except UNREADABLE as error:
            self._state = self._state_in(stored)
            return f"the delta does not apply: {error}"
        if self._state is None:
            return None
        if self._state.hash.digest != snapshot.state_hash:
            self._state = self._state_in(stored)
            return "the state's hash differs"
        if self._state.hash.size_bytes != snapshot.state_bytes:
            return "the state's size differs"
        return None

    def _next(self, content: _Content) -> _State | None:
        """Returns the state that a delta leads to; None if what it applies to is not at hand."""
        before = self._state
        if delta.sets_root(content.step):
            before = _BEFORE_ALL
        elif self._is_after_gap and not content.is_bridge:
            before = None
        if before is None:
            return None
        value = delta.apply(before.value, content.step)
        return _State(value, before.hash.updated(value, content.step))

    def _state_in(self, stored: StoredSnapshot) -> _State | None:
        """Returns the state in the keyframe, if it is the snapshot's, to go on from there."""
        keyframe = stored.keyframe
        if keyframe is None:
            return None
        try:
            content = self._codec.decompress(keyframe.state, keyframe.dictionary_id)
            value = canonical.decode_trusted(content)
            found = _State(value, StateHash.of(value))
        except UNREADABLE:
            return None
        return found if found.hash.digest == stored.snapshot.state_hash else None

    def _chain_problem(self, stored: StoredSnapshot, content: _Content) -> str | None:
        snapshot, kept = stored.snapshot, stored.kept_parent_chain_hash
        parent = snapshot.parent_sequence
        if not 0 <= parent < snapshot.sequence:
            return "the parent is no earlier snapshot"
        if kept and stored.parent_chain_hash not in {None, kept, self._chain_hashes.get(parent)}:
            return "the parent has another hash than is kept of it"
        # Whoever records on nothing begins a chain: a fork, too.
        recorded = kept or stored.parent_chain_hash
        if recorded is None and parent == 0:
            recorded = chain.genesis(self._project_id, stored.owner_id)
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

    def _find_base(self, stored: StoredSnapshot, *, sets_root: bool) -> bool:
        """Takes note of a new base; tells whether the snapshot names the one that is there."""
        sequence = stored.snapshot.sequence
        is_base = stored.base_sequence == sequence
        is_whole = sets_root or stored.keyframe is not None
        is_intact = _checksum_problem(stored) is None
        if (is_base and (is_whole or is_intact)) or (is_whole and not is_intact):
            self._base_sequence = sequence
        elif self._state is None:
            # The base may be what is missing, and is named as such.
            self._base_sequence = stored.base_sequence
        return stored.base_sequence == self._base_sequence and (is_whole or not is_base)

    def _keyframe_problem(self, stored: StoredSnapshot) -> str | None:
        keyframe = stored.keyframe
        frames = (stored.delta, stored.bridge, keyframe and keyframe.state)
        size_bytes = sum(len(frame) for frame in frames if frame)
        # Of a segment, everyone has a share.
        if stored.delta is not None and size_bytes != stored.snapshot.stored_bytes:
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


class SealedDeltas:
    """The deltas in the segments of the page that is verified."""

    def __init__(self) -> None:
        self._entries: dict[tuple[UUID, int], Entry] = {}

    def turn_to(self, page: Page) -> list[tuple[UUID, int, str]]:
        """Unpacks the segments of a page; returns what is wrong with them: whose, where and what."""
        self._entries = {}
        problems: list[tuple[UUID, int, str]] = []
        sealed = {(each.owner_id, each.snapshot.sequence) for each in page.snapshots if each.delta is None}
        for segment in page.segments:
            owner_id = segment.owner_id
            first, last = segment.first_wanted, segment.last_wanted
            place = max(first, segment.first_sequence)
            checksum = checksums.of_segment(segment.first_sequence, segment.last_sequence, segment.content)
            if checksum != segment.checksum:
                problems.append((owner_id, place, "the segment differs from its checksum"))
            try:
                entries = segments.unpack(segment.content)
            except CodecError:
                # Those whose deltas were in it are named.
                continue
            found = {(owner_id, entry.sequence): entry for entry in entries}
            strays = [key for key in found.keys() - sealed if first <= key[1] <= last]
            problems.extend((*stray, "the segment has a delta of no snapshot") for stray in sorted(strays))
            self._entries.update(found)
        return problems

    def take(self, owner_id: UUID, sequence: int) -> tuple[bytes, bytes | None]:
        """Returns a snapshot's delta, and its bridge if there is one.

        Raises:
            CodecError: It is in no segment that can be read.
        """
        entry = self._entries.get((owner_id, sequence))
        if entry is None:
            raise CodecError("it is in no segment")
        return entry.delta, entry.bridge


def _checksum_problem(stored: StoredSnapshot) -> str | None:
    snapshot = stored.snapshot
    checksum = checksums.of_snapshot(
        base_sequence=stored.base_sequence,
        dictionary_id=stored.dictionary_id,
        state_bytes=snapshot.state_bytes,
        stored_bytes=snapshot.stored_bytes,
        delta=stored.delta or b"",
        bridge=stored.bridge,
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
