"""Devices that go on changing records and sending their queues, whatever happens to the server."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from timeloom.aio import AsyncTimeloom
from timeloom.mutations import BATCH_MAX, Mutation, MutationQueue, MutationResult

FIELDS: Final = ("title", "description", "branch")

ROUND: Final = 120
"""The mutations of a call: more than the service applies in one transaction."""

EARLY_MAX: Final = 2_400
"""Among so many first mutations of a device some change a record that the server does not know yet."""

POISON: Final = {"title": 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record that devices know, and its clock when they heard of it."""

    table: str
    id: str
    clock: str = ""


@dataclass(slots=True, kw_only=True)
class Device:
    """An app with a queue of its own.

    Attributes:
        own: A task that nobody else changes.
        merged: One that all devices change, field by field.
        decided: An environment that all change, and that people decide about.
        late: A task whose insertion arrives last of all.
        made: All mutations, in their order.
        answers: By mutation, the first answer that arrived.
        rounds: How many calls were answered.
    """

    client: AsyncTimeloom
    queue: MutationQueue
    chance: random.Random
    own: Known
    merged: Known
    decided: Known
    late: Known
    made: list[Mutation] = field(default_factory=list[Mutation])
    answers: dict[str, MutationResult] = field(default_factory=dict[str, MutationResult])
    rounds: int = 0

    async def work(self) -> None:
        """Changes things and sends the queue, again and again until it is cancelled."""
        while True:
            for _ in range(ROUND):
                self._change()
            await self.send()
            self.rounds += 1

    async def send(self) -> None:
        """Sends what waits; the client tries again by itself until there is an answer."""
        results = await self.client.sync.send(self.queue)
        self.answers |= {each.mutation_id: each for each in results}

    async def send_again(self) -> dict[str, MutationResult]:
        """Sends everything once more, and returns what is answered this time."""
        results: list[MutationResult] = []
        for start in range(0, len(self.made), BATCH_MAX):
            batch = self.made[start : start + BATCH_MAX]
            results += await self.client.sync.apply(self.queue.client_id, batch)
        return {each.mutation_id: each for each in results}

    def mutations_of(self, record: Known) -> list[Mutation]:
        """Returns what it did to a record, without what cannot be applied."""
        return [each for each in self.made if each.record_id == record.id and each.value != POISON]

    def _change(self) -> None:
        """Queues a change of one kind or another."""
        text = f"{len(self.made)} of {self.queue.client_id}"
        kind = self.chance.random()
        if kind < 0.5:
            self._update(self.own, {"title": text})
        elif kind < 0.8:
            names = self.chance.sample(FIELDS, self.chance.randint(1, len(FIELDS)))
            self._update(self.merged, dict.fromkeys(names, text))
        elif kind < 0.9:
            self._update(self.decided, {"description": text})
        elif kind < 0.95 or len(self.made) > EARLY_MAX:
            self._update(self.merged, POISON)
        else:
            self._update(self.late, {"description": text})

    def _update(self, record: Known, value: Mapping[str, Any]) -> None:
        self.made.append(self.queue.update(record.table, record.id, value, base_clock=record.clock))


def latest(mutations: Iterable[Mutation]) -> dict[str, Any]:
    """Returns what stands in each field if the latest write of it does."""
    values: dict[str, Any] = {}
    for mutation in sorted(mutations, key=lambda each: each.clock):
        values |= mutation.value
    return values
