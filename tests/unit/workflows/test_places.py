"""Places that workers have, and how they are shared out among the names of their work."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_workflows.workers.places import Room
from timeloom_workflows.workers.session import Session

PROJECT_ID = uuid4()
NAMES = [f"workflow-{number}" for number in range(10)]
LONG = (PROJECT_ID, NAMES[7])


def room_of(executions: int) -> tuple[Room, Session]:
    session = Session(PROJECT_ID, "worker", clock=lambda: 0.0)
    session.attach(messages.WorkerHello(worker_id="worker"))
    session.workflows = frozenset(NAMES)
    session.add_credits(messages.WorkerCredits(executions=executions))
    room = Room(of_tasks=False)
    room.add(session)
    return room, session


def give_back(room: Room, offered: Sequence[tuple[tuple[UUID, str], int]]) -> None:
    for key, count in offered:
        room.give_back(key, count)


def test_every_name_is_offered_so_that_a_look_that_finds_nothing_is_the_last() -> None:
    room, session = room_of(1_000)

    offered = room.offer(256)

    assert sorted(name for (_, name), _ in offered) == sorted(NAMES)
    give_back(room, offered)
    assert session.execution_credits == 1_000


def test_a_name_of_which_something_came_gets_most_of_the_next_offer() -> None:
    room, session = room_of(1_000)
    offered = room.offer(256)
    assert room.take(LONG) is session
    give_back(room, [(key, count) for key, count in offered if key != LONG])

    again = dict(room.offer(256))

    assert again[LONG] == 256 - (len(NAMES) - 1)
    assert sum(again.values()) == 256


def test_no_more_is_offered_than_the_worker_takes() -> None:
    room, session = room_of(3)

    offered = room.offer(256)

    assert sum(count for _, count in offered) == 3
    assert session.execution_credits == 0
    assert room.offer(256) == []


def test_names_that_went_without_come_first_in_the_next_offer() -> None:
    room, _ = room_of(3)
    seen: set[str] = set()

    for _ in range(4):
        offered = room.offer(256)
        seen.update(name for (_, name), _ in offered)
        give_back(room, offered)

    assert seen == set(NAMES)
