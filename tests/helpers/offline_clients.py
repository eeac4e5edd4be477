"""Three clients that change the same records while nobody hears them, and what each policy makes of it.

The models here know nothing of how the service decides: each says, from all writes and from the order in
which they first arrived, what a record has to be in the end.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.sync.policies import Operation

OWNER: Final = "ann"
USERS: Final[Mapping[str, str]] = {"ann-phone": OWNER, "ann-laptop": OWNER, "bob-laptop": "bob"}
"""By client: two devices of the records' own user, and one of somebody else."""

FIELDS: Final = ("title", "description", "branch")

Values = dict[str, str]
Shape = Literal["parts", "whole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A mutation that waits in its client's queue."""

    id: str
    client: str
    record: int
    operation: Operation
    clock: str
    base_clock: str
    values: Values = field(default_factory=Values)

    @property
    def user(self) -> str:
        """Who made it."""
        return USERS[self.client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the clients did, and how it arrives.

    Attributes:
        queues: By client, in the order in which it was done.
        deliveries: Batches: late, some of them twice, in any order.
    """

    queues: Mapping[str, Sequence[Queued]]
    deliveries: Sequence[Sequence[Queued]]

    def mutations(self) -> Iterator[Queued]:
        """Yields every mutation once."""
        for queue in self.queues.values():
            yield from queue

    def arrivals(self) -> list[Queued]:
        """Returns every mutation once, in the order of their first arrival."""
        return list({each.id: each for batch in self.deliveries for each in batch}.values())


def told(
    chance: random.Random,
    *,
    mutations: int,
    bases: Sequence[str],
    start_ms: int,
    shape: Shape,
    deletions: bool = True,
) -> Story:
    """Makes up a story.

    Args:
        chance: Decides everything.
        mutations: How many there are in all.
        bases: The clocks of the records as every client knows them from before.
        start_ms: When it begins.
        shape: Whether updates set some fields, or all.
        deletions: Whether records are deleted, too.
    """
    watch = [start_ms]
    clocks = {client: HybridClock(lambda: watch[0], node=client) for client in USERS}
    queues: dict[str, list[Queued]] = {client: [] for client in USERS}
    for number in range(mutations):
        watch[0] += chance.choice((0, 1, 7))
        client, record = chance.choice(list(USERS)), chance.randrange(len(bases))
        is_deletion = deletions and chance.random() < 0.15
        names = FIELDS if shape == "whole" else chance.sample(FIELDS, chance.randint(1, len(FIELDS)))
        queues[client].append(
            Queued(
                id=f"mutation-{number}",
                client=client,
                record=record,
                operation=Operation.DELETE if is_deletion else Operation.UPDATE,
                clock=clocks[client].next(bases[record]),
                base_clock=bases[record],
                values={} if is_deletion else {name: f"{name} {number} of {client}" for name in names},
            )
        )
    return Story(queues=queues, deliveries=_delivered(chance, queues))


def _delivered(chance: random.Random, queues: Mapping[str, Sequence[Queued]]) -> list[list[Queued]]:
    batches: list[list[Queued]] = []
    for queue in queues.values():
        start = 0
        while start < len(queue):
            size = chance.randint(1, 40)
            batch = list(queue[start : start + size])
            if chance.random() < 0.3:
                chance.shuffle(batch)
            batches += [batch] * chance.choice((1, 1, 2))
            start += size
    chance.shuffle(batches)
    return batches


def _latest(writes: Sequence[Queued], base: Values) -> Values:
    values = dict(base)
    for write in sorted(writes, key=lambda each: each.clock):
        values |= write.values
    return values


def field_merge(arrivals: Sequence[Queued], base: Values) -> Values | None:
    """Each field has its latest value; the record exists if its latest write is no deletion."""
    latest = max(arrivals, key=lambda each: each.clock)
    return None if latest.operation is Operation.DELETE else _latest(arrivals, base)


def last_write_wins(arrivals: Sequence[Queued], base: Values) -> Values | None:
    """The latest write; for writes that set every field."""
    del base
    latest = max(arrivals, key=lambda each: each.clock)
    return None if latest.operation is Operation.DELETE else dict(latest.values)


def first_client(arrivals: Sequence[Queued], base: Values) -> Values | None:
    """Whoever arrived first keeps others out, for they all know the same: server wins, and by hand."""
    own = [each for each in arrivals if each.client == arrivals[0].client]
    latest = max(own, key=lambda each: each.clock)
    return None if latest.operation is Operation.DELETE else _latest(own, base)


def user_priority(arrivals: Sequence[Queued], base: Values) -> Values | None:
    """The owner's latest write, or else the latest one; for writes that set every field."""
    return last_write_wins([each for each in arrivals if each.user == OWNER] or arrivals, base)
