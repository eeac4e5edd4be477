"""What brings two sides' memories into line: which are about the same, and what becomes of each such pair.

Every memory of the source is paired with at most one of the target, and the other way round: with the one
that it was settled with before, with the one of the same key, or with its nearest near-duplicate. What a pair
needs depends on the two and the policy alone, by a total order; so it does not matter from which side one
looks. The pair that comes out is noted as settled, and needs nothing more until one of the two changes: a
second synchronisation changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from timeloom.state import canonical
from timeloom_memory import limits
from timeloom_memory.model import Memory

ANY_POLICY: Final = 0
"""The policy of settlements that hold under each: the two memories say the same."""

_SEPARATOR: Final = "\n\n"


class Policy(IntEnum):
    """What becomes of a pair that conflicts. The numbers are those of the contract."""

    NEWEST = 1
    IMPORTANCE = 2
    MOST_ACCESSED = 3
    MERGE = 4
    KEEP_BOTH = 5


class Action(IntEnum):
    """What was done about a memory. The numbers are those of the contract."""

    COPIED = 1
    UNCHANGED = 2
    KEPT_TARGET = 3
    TOOK_SOURCE = 4
    MERGED = 5
    KEPT_BOTH = 6


class Settlement(Struct, frozen=True):
    """That a memory of a source needs nothing more from one of a target, as long as neither changes."""

    source_id: UUID
    target_id: UUID
    policy: int
    source_hash: bytes
    target_hash: bytes


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one memory of the source.

    Attributes:
        target_id: What it met.
        result_id: What there is on the target's side now.
        is_new: The result is not there before the plan is carried out.
    """

    source_id: UUID
    target_id: UUID | None
    result_id: UUID | None
    action: Action
    similarity: float = 0.0
    is_new: bool = False


class Planned(Struct, frozen=True, kw_only=True):
    """A memory that is to be made.

    Attributes:
        memory: As it will be. Its context is that of what it was copied from.
        copied_from: The memory whose vector fits it; None if it has a text of its own.
        replaces: The memory whose place it takes, if it takes one.
    """

    memory: Memory
    copied_from: UUID | None
    replaces: UUID | None


class Known(Struct, kw_only=True):
    """What is known of the two sides, and kept up to date while they are brought into line.

    Attributes:
        settled: Settlements of earlier synchronisations, by source and target.
        heirs: For memories whose place was taken, the one that has it in the end.
        taken_keys: The memories that have keys, by namespace and key.
    """

    settled: dict[tuple[UUID, UUID], Settlement]
    heirs: Mapping[UUID, UUID]
    taken_keys: dict[tuple[str, str], UUID]


class Place(Struct, frozen=True, kw_only=True):
    """Where copies go."""

    namespace: str
    session_id: str


class Plan(Struct, frozen=True, kw_only=True):
    """What one direction needs.

    Attributes:
        outcomes: In the order of the sources.
        made: New memories.
        targets: The target's side as it will be.
    """

    outcomes: list[Outcome]
    made: list[Planned]
    targets: list[Memory]


Nearest = Callable[[Sequence[Memory], Sequence[Memory]], Iterable[tuple[float, UUID, UUID]]]
"""Near-duplicates among two lists, nearest first: cosine, id of the first, id of the second."""


def substance_of(memory: Memory) -> bytes:
    """Returns the hash of what a copy takes over: memories of the same hash say the same."""
    metadata = None if memory.metadata is None else canonical.decode(memory.metadata.encode())
    parts: list[Any] = [
        memory.content,
        memory.kind,
        sorted(memory.tags),
        canonical.encode(metadata).decode(),
        round(memory.importance, 3),
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).digest()


class Reconciler:
    """Plans one direction."""

    def __init__(
        self,
        *,
        policy: Policy,
        known: Known,
        place: Place,
        nearest: Nearest,
        new_id: Callable[[], UUID],
    ) -> None:
        self._policy = policy
        self._known = known
        self._place = place
        self._nearest = nearest
        self._new_id = new_id
        self._made: list[Planned] = []
        self._outcomes: dict[UUID, Outcome] = {}

    def plan(self, sources: Sequence[Memory], targets: Sequence[Memory]) -> Plan:
        """Returns what has to be done for the targets to have what the sources have.

        `known` is brought up to date with what is settled then.
        """
        current = {memory.id: memory for memory in targets}
        pairs = self._pairs(sources, current)
        for source in sources:
            if source.id in self._outcomes:
                continue
            paired = pairs.get(source.id)
            if paired is None:
                self._outcomes[source.id] = self._copy(source, Action.COPIED)
            else:
                target_id, similarity = paired
                self._outcomes[source.id] = self._settle(source, current[target_id], similarity)
        replaced = {each.replaces for each in self._made}
        return Plan(
            outcomes=[self._outcomes[source.id] for source in sources],
            made=self._made,
            targets=[
                *(memory for memory in targets if memory.id not in replaced),
                *(each.memory for each in self._made),
            ],
        )

    def _pairs(
        self, sources: Sequence[Memory], current: Mapping[UUID, Memory]
    ) -> dict[UUID, tuple[UUID, float]]:
        """Returns the target that each source has to be brought into line with; what is settled is noted."""
        claimed = self._note_settled(sources, current)
        pairs: dict[UUID, tuple[UUID, float]] = {}

        def claim(source: Memory, target_id: UUID, similarity: float = 0.0) -> None:
            is_free = source.id not in self._outcomes and source.id not in pairs
            if is_free and target_id in current and target_id not in claimed:
                pairs[source.id] = (target_id, similarity)
                claimed.add(target_id)

        related = self._related(sources)
        for source in sources:
            for target_id in related.get(source.id, ()):
                claim(source, target_id)
        for source in sources:
            self._note_ended(source, current, is_paired=source.id in pairs)
        keys = {memory.key: memory.id for memory in current.values() if memory.key}
        for source in sources:
            if source.key in keys:
                claim(source, keys[source.key])
        by_id = {source.id: source for source in sources}
        single = [each for each in sources if each.id not in pairs and each.id not in self._outcomes]
        free = [each for each in current.values() if each.id not in claimed]
        for similarity, source_id, target_id in self._nearest(single, free):
            claim(by_id[source_id], target_id, similarity)
        return pairs

    def _note_settled(self, sources: Sequence[Memory], current: Mapping[UUID, Memory]) -> set[UUID]:
        claimed: set[UUID] = set()
        by_id = {source.id: source for source in sources}
        for settlement in self._known.settled.values():
            source, target = by_id.get(settlement.source_id), current.get(settlement.target_id)
            if source is None or target is None or settlement.policy not in (ANY_POLICY, self._policy):
                continue
            if (settlement.source_hash, settlement.target_hash) == (
                substance_of(source),
                substance_of(target),
            ):
                claimed.add(target.id)
                self._outcomes[source.id] = Outcome(
                    source_id=source.id, target_id=target.id, result_id=target.id, action=Action.UNCHANGED
                )
        return claimed

    def _related(self, sources: Sequence[Memory]) -> dict[UUID, list[UUID]]:
        """Returns what each source was settled with before, in either direction, or the heirs of that."""
        wanted = {source.id for source in sources}
        related: dict[UUID, list[UUID]] = {}
        for source_id, target_id in sorted(self._known.settled):
            for one, other in ((source_id, target_id), (target_id, source_id)):
                one, other = self._known.heirs.get(one, one), self._known.heirs.get(other, other)  # noqa: PLW2901
                if one in wanted:
                    related.setdefault(one, []).append(other)
        return related

    def _note_ended(self, source: Memory, current: Mapping[UUID, Memory], *, is_paired: bool) -> None:
        """What was taken away from the target stays away, unless the source has changed since."""
        if is_paired or source.id in self._outcomes:
            return
        for (source_id, target_id), settlement in self._known.settled.items():
            if (
                source_id == source.id
                and self._known.heirs.get(target_id, target_id) not in current
                and settlement.source_hash == substance_of(source)
            ):
                self._outcomes[source.id] = Outcome(
                    source_id=source.id, target_id=target_id, result_id=None, action=Action.KEPT_TARGET
                )

    def _settle(self, source: Memory, target: Memory, similarity: float) -> Outcome:
        if substance_of(source) == substance_of(target):
            return self._kept(source, target, Action.UNCHANGED, similarity)
        match self._policy:
            case Policy.KEEP_BOTH:
                return self._copy(source, Action.KEPT_BOTH, meets=target, similarity=similarity)
            case Policy.MERGE:
                return self._merge(source, target, similarity)
            case _:
                if rank(source, self._policy) > rank(target, self._policy):
                    return self._take(source, target, similarity)
                return self._kept(source, target, Action.KEPT_TARGET, similarity)

    def _merge(self, source: Memory, target: Memory, similarity: float) -> Outcome:
        both = merged(source, target)
        if len(both.content) > limits.CONTENT_LENGTH_MAX or len(both.tags) > limits.TAGS_MAX:
            return self._copy(source, Action.KEPT_BOTH, meets=target, similarity=similarity)
        if substance_of(both) == substance_of(target):
            return self._kept(source, target, Action.KEPT_TARGET, similarity)
        if substance_of(both) == substance_of(source):
            return self._take(source, target, similarity)
        memory = self._new(both, key=target.key or self._free_key(source))
        memory = replace(memory, source_ids=(target.id, source.id), supersedes=target.id)
        self._made.append(Planned(memory=memory, copied_from=None, replaces=target.id))
        return self._noted(source, memory, Action.MERGED, meets=target, similarity=similarity)

    def _take(self, source: Memory, target: Memory, similarity: float) -> Outcome:
        memory = self._new(source, key=target.key or self._free_key(source))
        memory = replace(memory, source_ids=(source.id,), supersedes=target.id)
        self._made.append(Planned(memory=memory, copied_from=source.id, replaces=target.id))
        return self._noted(source, memory, Action.TOOK_SOURCE, meets=target, similarity=similarity)

    def _copy(
        self, source: Memory, action: Action, *, meets: Memory | None = None, similarity: float = 0.0
    ) -> Outcome:
        memory = self._new(source, key=self._free_key(source))
        memory = replace(memory, source_ids=(source.id,), supersedes=None)
        self._made.append(Planned(memory=memory, copied_from=source.id, replaces=None))
        return self._noted(source, memory, action, meets=meets, similarity=similarity)

    def _kept(self, source: Memory, target: Memory, action: Action, similarity: float) -> Outcome:
        return self._noted(source, target, action, meets=target, similarity=similarity)

    def _noted(
        self, source: Memory, result: Memory, action: Action, *, meets: Memory | None, similarity: float
    ) -> Outcome:
        """Notes the pair that has come out as settled."""
        source_hash, result_hash = substance_of(source), substance_of(result)
        if source_hash == result_hash:
            self._note(Settlement(source.id, result.id, ANY_POLICY, source_hash, result_hash))
            self._note(Settlement(result.id, source.id, ANY_POLICY, result_hash, source_hash))
        else:
            self._note(Settlement(source.id, result.id, self._policy, source_hash, result_hash))
        return Outcome(
            source_id=source.id,
            target_id=meets.id if meets else None,
            result_id=result.id,
            action=action,
            similarity=similarity,
            is_new=meets is None or result.id != meets.id,
        )

    def _note(self, settlement: Settlement) -> None:
        self._known.settled[settlement.source_id, settlement.target_id] = settlement

    def _new(self, like: Memory, *, key: str) -> Memory:
        memory = replace(
            like,
            id=self._new_id(),
            namespace=self._place.namespace,
            session_id=self._place.session_id or like.session_id,
            key=key,
        )
        if key:
            self._known.taken_keys[memory.namespace, key] = memory.id
        return memory

    def _free_key(self, source: Memory) -> str:
        """Returns the source's key, unless somebody has it where the copy goes."""
        return "" if (self._place.namespace, source.key) in self._known.taken_keys else source.key


def rank(memory: Memory, policy: Policy) -> tuple[float, float, UUID]:
    """Returns what a memory has to say for itself under a policy: the higher one stays."""
    value = {
        Policy.IMPORTANCE: memory.importance,
        Policy.MOST_ACCESSED: float(memory.access_count),
    }.get(policy, 0.0)
    return (value, memory.update_time.timestamp(), memory.id)


def merged(source: Memory, target: Memory) -> Memory:
    """Returns one memory that says what both say; it begins with what the target says."""
    texts = [target.content]
    if source.content not in target.content:
        texts = [source.content] if target.content in source.content else [target.content, source.content]
    return replace(
        target,
        content=_SEPARATOR.join(texts),
        tags=tuple(dict.fromkeys((*target.tags, *source.tags))),
        metadata=_joined(target.metadata, source.metadata),
        importance=max(source.importance, target.importance),
        confidence=max(source.confidence, target.confidence),
        occur_time=max(source.occur_time, target.occur_time),
    )


def _joined(first: str | None, second: str | None) -> str | None:
    """Returns what two documents say: both objects in one, in doubt the first's word; or else the first."""
    if first is None or second is None:
        return first or second
    one, other = canonical.decode(first.encode()), canonical.decode(second.encode())
    if isinstance(one, dict) and isinstance(other, dict):
        return canonical.encode({**other, **one}).decode()
    return first
