"""One round of the relay: some rows, sorted into lanes by subject, on their way to the bus."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf.message import DecodeError

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus, MessageRefusedError, subject_of
from timeloom_platform.errors import UnavailableError
from timeloom_platform.outbox.table import OutboxRow

LANES_AT_ONCE_MAX = 64

Merge: TypeAlias = Callable[[events_pb2.Event, events_pb2.Event], events_pb2.Event | None]
"""Makes one event of two that follow one another in a topic, if one can tell what both tell; else None.

It has the id of the later one: whoever finds that id on the bus knows that the earlier one is told, too.
"""


def never_merge(_earlier: events_pb2.Event, _later: events_pb2.Event) -> None:
    """Every event is published by itself."""
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """An event on its way, with the positions of the rows that it tells of."""

    positions: tuple[int, ...]
    event: events_pb2.Event


class Publication:
    """Publishes rows and tells what became of each."""

    def __init__(
        self, bus: Bus, rows: Sequence[OutboxRow], *, deadline_seconds: float, merge: Merge = never_merge
    ) -> None:
        self.refused: dict[int, str] = {}
        self.events_published = 0
        self._bus = bus
        self._deadline_seconds = deadline_seconds
        self._merge = merge
        self._waiting = {row.position: 0 for row in rows}
        self._lanes: defaultdict[str, list[_Message]] = defaultdict(list)
        self._slots = asyncio.Semaphore(LANES_AT_ONCE_MAX)
        for row in rows:
            self._sort(row)

    @property
    def published(self) -> list[int]:
        """The positions of rows all of whose events the bus has."""
        return [
            position
            for position, waiting in self._waiting.items()
            if waiting == 0 and position not in self.refused
        ]

    @property
    def is_complete(self) -> bool:
        """Whether every row is settled: published or refused."""
        return all(waiting == 0 for waiting in self._waiting.values())

    async def run(self, *, is_in_doubt: bool) -> None:
        """Publish until done, or until the deadline; a lane stops at its first failure.

        Args:
            is_in_doubt: Some of these events may have been stored in an earlier round that did not end well.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        async with asyncio.TaskGroup() as tasks:
            for subject, messages in self._lanes.items():
                tasks.create_task(self._run_lane(subject, messages, deadline, is_in_doubt=is_in_doubt))
        # What was refused in one lane may still wait in another: it is settled when its row is.
        self.refused = {
            position: reason for position, reason in self.refused.items() if self._waiting[position] == 0
        }

    def _sort(self, row: OutboxRow) -> None:
        try:
            events = events_pb2.OutboxBatch.FromString(row.batch).events
            messages = [
                (subject_of(event), _Message(positions=(row.position,), event=event)) for event in events
            ]
        except (DecodeError, ValueError) as error:
            self.refused[row.position] = f"not a batch of events: {error}"
            return
        self._waiting[row.position] = len(messages)
        for subject, message in messages:
            self._lanes[subject].append(message)

    async def _run_lane(
        self, subject: str, messages: Sequence[_Message], deadline: float, *, is_in_doubt: bool
    ) -> None:
        clock = asyncio.get_running_loop().time
        async with self._slots:
            try:
                if is_in_doubt:
                    messages = self._without_stored(messages, await self._bus.last_message_id(subject))
                else:
                    messages = self._merged(messages)
                for message in messages:
                    if clock() > deadline:
                        return
                    await self._publish(subject, message)
            except UnavailableError:
                # The rest of the lane must not overtake it: all of it waits for the next round.
                return

    def _without_stored(self, messages: Sequence[_Message], last_stored_id: str | None) -> Sequence[_Message]:
        """What the bus does not have yet: everything up to the last one stored was published in order."""
        ids = [message.event.id for message in messages]
        if last_stored_id not in ids:
            return messages
        first_missing = ids.index(last_stored_id) + 1
        for message in messages[:first_missing]:
            self._settle(message)
        return messages[first_missing:]

    def _merged(self, messages: Sequence[_Message]) -> Sequence[_Message]:
        """Fewer messages that tell the same; not when in doubt, which needs the ids of the earlier round."""
        merged = [messages[0]]
        for message in messages[1:]:
            event = self._merge(merged[-1].event, message.event)
            if event is None:
                merged.append(message)
            else:
                positions = (*merged[-1].positions, *message.positions)
                merged[-1] = _Message(positions=positions, event=event)
        return merged

    async def _publish(self, subject: str, message: _Message) -> None:
        event = message.event
        try:
            await self._bus.publish_once(subject, event.SerializeToString(), message_id=event.id)
            self.events_published += 1
        except MessageRefusedError as error:
            self.refused.update(dict.fromkeys(message.positions, str(error)))
        self._settle(message)

    def _settle(self, message: _Message) -> None:
        for position in message.positions:
            self._waiting[position] -= 1
