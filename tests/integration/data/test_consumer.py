"""Durable consumers: once, in order, and past what cannot be handled."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.helpers.events import complete, number_of
from tests.helpers.notes_room import ROOM
from timeloom.events.v1 import events_pb2
from timeloom_platform import dead_letters
from timeloom_platform.bus import Bus, subject_filter, subject_of
from timeloom_platform.consumer import Consumer, PoisonEventError
from timeloom_platform.consumer.consumer import ACK_WAIT_SECONDS, Handler
from timeloom_platform.database import Connection, Database
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.errors import NotFoundError, UnavailableError
from timeloom_platform.testing import eventually

DURABLE = "notes-writer"
INSERT = "INSERT INTO notes (project_id, body) VALUES ($1, $2)"


async def write_note(connection: Connection, event: events_pb2.Event) -> None:
    await connection.execute(INSERT, event.project_id, f"{event.topic} {number_of(event)}")


class Flaky:
    """Fails for some numbers, each a number of times, and remembers what it was given."""

    def __init__(self, failures: dict[int, int], error: Exception | None = None) -> None:
        self.seen: list[int] = []
        self._failures = failures
        self._error = error or RuntimeError("no luck\ntoday: ✗")

    async def __call__(self, connection: Connection, event: events_pb2.Event) -> None:
        number = number_of(event)
        self.seen.append(number)
        if self._failures.get(number, 0) > 0:
            self._failures[number] -= 1
            raise self._error
        await write_note(connection, event)


@asynccontextmanager
async def consuming(
    bus: Bus,
    database: Database,
    handler: Handler,
    *,
    backoff: Sequence[float] = (0.01,),
    max_deliver: int = 3,
) -> AsyncGenerator[Consumer]:
    consumer = Consumer(
        bus,
        database,
        durable=DURABLE,
        subjects=[subject_filter("*", "executions/>")],
        handler=handler,
        max_deliver=max_deliver,
        backoff=backoff,
    )
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def notes(database: Database) -> list[str]:
    async with database.system_transaction() as connection:
        return [row["body"] for row in await connection.fetch("SELECT body FROM notes ORDER BY id")]


async def test_each_event_is_handled_in_its_projects_transaction(
    bus: Bus, database: Database, project_id: str
) -> None:
    for number in range(20):
        await bus.publish(complete(project_id, number))

    async with consuming(bus, database, write_note) as consumer:
        await eventually(lambda: consumer.counts.handled == 20)

    assert await notes(database) == [f"executions/one {number}" for number in range(20)]


async def test_a_repeated_delivery_changes_nothing(bus: Bus, database: Database, project_id: str) -> None:
    event = complete(project_id, 1)
    for repetition in range(3):
        # Under other message ids, so that the bus does not recognise them.
        await bus.publish_once(
            subject_of(event), event.SerializeToString(), message_id=f"{event.id}-{repetition}"
        )

    async with consuming(bus, database, write_note) as consumer:
        await eventually(lambda: consumer.counts.repeated == 2)

    assert await notes(database) == ["executions/one 1"]
    assert consumer.counts.handled == 1


async def test_a_failing_event_is_tried_again_before_its_successors(
    bus: Bus, database: Database, project_id: str
) -> None:
    for number in range(4):
        await bus.publish(complete(project_id, number))
    handler = Flaky({1: 2})

    async with consuming(bus, database, handler) as consumer:
        await eventually(lambda: consumer.counts.handled == 4)

    assert handler.seen == [0, 1, 1, 1, 2, 3]
    assert consumer.counts.failed == 2
    assert await notes(database) == [f"executions/one {number}" for number in range(4)]


async def test_poison_goes_to_the_dead_letters_while_others_flow(
    bus: Bus, database: Database, project_id: str
) -> None:
    poison = complete(project_id, 13, topic="executions/bad")
    await bus.publish(poison)
    for number in range(5):
        await bus.publish(complete(project_id, number, topic="executions/good"))
    handler = Flaky({13: 1_000})

    # The pause is so long that the others could not wait for it.
    async with consuming(bus, database, handler, backoff=[1.5], max_deliver=3) as consumer:
        await eventually(lambda: consumer.counts.handled == 5)
        assert consumer.counts.buried == 0
        await eventually(lambda: consumer.counts.buried == 1)

    (letter,) = await dead_letters.find(bus, consumer=DURABLE)
    assert (letter.consumer, letter.subject, letter.attempts) == (DURABLE, subject_of(poison), 3)
    assert letter.reason == "RuntimeError: no luck today: ✗"
    assert letter.payload == poison.SerializeToString()
    assert handler.seen.count(13) == 3


async def test_what_a_handler_declares_poison_is_not_tried_again(
    bus: Bus, database: Database, project_id: str
) -> None:
    await bus.publish(complete(project_id, 1))
    handler = Flaky({1: 1}, PoisonEventError("of a kind that nobody knows"))

    async with consuming(bus, database, handler) as consumer:
        await eventually(lambda: consumer.counts.buried == 1)

    (letter,) = await dead_letters.find(bus)
    assert (letter.reason, letter.attempts) == ("of a kind that nobody knows", 1)
    assert handler.seen == [1]


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b""], ids=["no protobuf", "no project"])
async def test_what_is_no_event_goes_to_the_dead_letters(
    bus: Bus, database: Database, project_id: str, payload: bytes
) -> None:
    await bus.publish_once(subject_filter(project_id, "executions/one"), payload, message_id="junk")
    await bus.publish(complete(project_id, 1))

    async with consuming(bus, database, write_note) as consumer:
        await eventually(lambda: consumer.counts.handled == 1)

    (letter,) = await dead_letters.find(bus)
    assert letter.payload == payload
    assert letter.reason


async def test_a_dead_letter_is_tried_again_by_its_consumer_only(
    bus: Bus, database: Database, project_id: str
) -> None:
    await bus.publish(complete(project_id, 1))
    handler = Flaky({1: 3})
    async with consuming(bus, database, handler) as consumer:
        await eventually(lambda: consumer.counts.buried == 1)
        (letter,) = await dead_letters.find(bus)
        live = bus.subscribe_ordered([subject_filter("*", ">")])
        following = asyncio.create_task(anext(live))

        await dead_letters.redrive(bus, letter.sequence)
        await eventually(lambda: consumer.counts.handled == 1)

        await bus.publish(complete(project_id, 2))
        assert number_of((await following).event) == 2
        await live.aclose()
    assert await dead_letters.find(bus) == []
    assert (await notes(database))[0] == "executions/one 1"


async def test_a_redriven_letter_that_fails_again_is_a_dead_letter_again(
    bus: Bus, database: Database, project_id: str
) -> None:
    await bus.publish(complete(project_id, 1))
    async with consuming(bus, database, Flaky({1: 1_000})) as consumer:
        await eventually(lambda: consumer.counts.buried == 1)
        (first,) = await dead_letters.find(bus)
        await dead_letters.redrive(bus, first.sequence)
        await eventually(lambda: consumer.counts.buried == 2)

    (second,) = await dead_letters.find(bus)
    assert (second.subject, second.payload) == (first.subject, first.payload)
    assert second.sequence > first.sequence


async def test_dead_letters_are_listed_in_pages_and_can_be_let_go(
    bus: Bus, database: Database, project_id: str
) -> None:
    for number in range(5):
        await bus.publish(complete(project_id, number))
    async with consuming(bus, database, Flaky(dict.fromkeys(range(5), 1_000)), max_deliver=1) as consumer:
        await eventually(lambda: consumer.counts.buried == 5)

    first_page = await dead_letters.find(bus, limit=3)
    second_page = await dead_letters.find(bus, after=first_page[-1].sequence, limit=3)
    assert (len(first_page), len(second_page)) == (3, 2)
    assert await dead_letters.find(bus, consumer="another") == []

    await dead_letters.discard(bus, first_page[0].sequence)
    for forget in (dead_letters.discard, dead_letters.redrive):
        with pytest.raises(NotFoundError):
            await forget(bus, first_page[0].sequence)
    assert len(await dead_letters.find(bus)) == 4


async def test_an_outage_is_not_the_events_fault(bus: Bus, database: Database, project_id: str) -> None:
    await bus.publish(complete(project_id, 1))
    handler = Flaky({1: 4}, UnavailableError("The memory service cannot be reached."))

    async with consuming(bus, database, handler, max_deliver=2) as consumer:
        await eventually(lambda: consumer.counts.handled == 1)

    assert (consumer.counts.failed, consumer.counts.buried) == (0, 0)


async def test_what_a_stopped_consumer_did_not_finish_goes_to_the_next_at_once(
    bus: Bus, database: Database, database_url: str, project_id: str
) -> None:
    await bus.publish(complete(project_id, 1))
    has_begun = asyncio.Event()

    async def dawdle(_connection: Connection, _event: events_pb2.Event) -> None:
        has_begun.set()
        await asyncio.Event().wait()

    async with consuming(bus, database, dawdle):
        await has_begun.wait()
    other = await Database.connect(database_url, room=ROOM)
    async with consuming(bus, other, write_note) as consumer:
        # Long before it would be given to another because nothing is heard of the first.
        await eventually(lambda: consumer.counts.handled == 1, timeout_seconds=ACK_WAIT_SECONDS / 2)
    await other.close()

    assert await notes(database) == ["executions/one 1"]


async def test_two_replicas_share_the_work(
    bus: Bus, database: Database, database_url: str, project_id: str
) -> None:
    other = await Database.connect(database_url, room=ROOM)
    async with (
        consuming(bus, database, write_note) as first,
        consuming(bus, other, write_note) as second,
    ):
        for number in range(60):
            await bus.publish(complete(project_id, number, topic=f"executions/{number}"))
        await eventually(lambda: first.counts.handled + second.counts.handled == 60)
    await other.close()

    assert sorted(await notes(database)) == sorted(f"executions/{number} {number}" for number in range(60))


async def test_a_consumer_outlives_a_bus_that_is_killed(
    bus: Bus, database: Database, nats_server: EmbeddedNats, project_id: str
) -> None:
    async with consuming(bus, database, write_note) as consumer:
        await bus.publish(complete(project_id, 0))
        await eventually(lambda: consumer.counts.handled == 1)
        await nats_server.kill()
        await nats_server.start()
        await bus.publish(complete(project_id, 1))
        await eventually(lambda: consumer.counts.handled == 2)

    assert await notes(database) == ["executions/one 0", "executions/one 1"]


async def test_a_consumer_outlives_a_bus_that_lost_everything(
    bus: Bus, database: Database, project_id: str
) -> None:
    async with consuming(bus, database, write_note) as consumer:
        await bus.publish(complete(project_id, 0))
        await eventually(lambda: consumer.counts.handled == 1)
        await bus.js.delete_stream("TIMELOOM")
        await bus.publish(complete(project_id, 1))
        await eventually(lambda: consumer.counts.handled == 2)


async def test_the_ledger_forgets_what_the_bus_has_long_dropped(
    bus: Bus, database: Database, project_id: str
) -> None:
    async with database.transaction(project_id) as connection:
        await connection.execute(
            """
            INSERT INTO processed_events (project_id, consumer, event_id, process_time)
            VALUES ($1, 'old', uuidv7(), now() - interval '15 days'), ($1, 'new', uuidv7(), now())
            """,
            project_id,
        )

    async def is_trimmed() -> bool:
        async with database.system_transaction() as connection:
            remembered = await connection.fetch("SELECT consumer FROM processed_events")
        return [row["consumer"] for row in remembered] == ["new"]

    async with consuming(bus, database, write_note):
        assert await eventually(is_trimmed)
