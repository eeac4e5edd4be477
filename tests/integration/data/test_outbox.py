"""From a committed change to an event on the bus."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp

from tests.helpers.events import complete, kept, number_of, numbered, tell, waiting
from tests.helpers.notes_room import ROOM
from timeloom.events.v1 import events_pb2
from timeloom_platform import telemetry
from timeloom_platform.bus import Bus, subject_of
from timeloom_platform.bus.streams import EVENTS
from timeloom_platform.database import Database
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.errors import UnavailableError
from timeloom_platform.outbox import OutboxRelay, enqueue, redrive, table
from timeloom_platform.outbox import relay as relay_module
from timeloom_platform.testing import eventually


@pytest.fixture
def relay(database: Database, bus: Bus) -> OutboxRelay:
    return OutboxRelay(database, bus)


@asynccontextmanager
async def relaying(relay: OutboxRelay) -> AsyncGenerator[OutboxRelay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def running_relay(relay: OutboxRelay) -> AsyncIterator[OutboxRelay]:
    async with relaying(relay):
        yield relay


async def stored(database: Database) -> list[events_pb2.Event]:
    async with database.system_transaction() as connection:
        rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
    return [event for row in rows for event in events_pb2.OutboxBatch.FromString(row["batch"]).events]


async def test_an_event_is_completed_when_it_is_enqueued(database: Database, project_id: str) -> None:
    tracing = telemetry.Tracing.disabled()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    given = numbered(1)

    with tracing.span("change", traceparent=traceparent):
        async with database.transaction(project_id) as connection:
            await enqueue(connection, project_id, [given])

    (event,) = await stored(database)
    now = Timestamp()
    now.GetCurrentTime()
    assert (event.project_id, event.topic, number_of(event)) == (project_id, given.topic, 1)
    assert UUID(event.id).version == 7
    assert event.traceparent == traceparent
    assert 0 <= now.seconds - event.create_time.seconds < 10
    assert not given.id


async def test_what_is_rolled_back_is_never_told(
    running_relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    with pytest.raises(ValueError, match="changed my mind"):
        await tell_and_fail(database, project_id)
    await tell(database, project_id, [2])

    await eventually(lambda: running_relay.counts.published == 1)
    assert await kept(bus, project_id) == {"executions/one": [2]}


async def tell_and_fail(database: Database, project_id: str) -> None:
    async with database.transaction(project_id) as connection:
        await enqueue(connection, project_id, [numbered(1)])
        raise ValueError("changed my mind")


@pytest.mark.parametrize(
    "event",
    [
        numbered(1, topic=""),
        numbered(1, topic="executions//one"),
        numbered(1, topic="x" * 600),
        events_pb2.Event(
            topic="executions/one",
            execution_deleted=events_pb2.ExecutionDeleted(execution_id="x" * 1_000_000),
        ),
    ],
    ids=["no topic", "empty segment", "long topic", "large"],
)
async def test_an_event_that_could_not_be_published_is_refused_at_once(
    database: Database, project_id: str, event: events_pb2.Event
) -> None:
    async with database.transaction(project_id) as connection:
        with pytest.raises(ValueError, match=r"topic|bytes"):
            await enqueue(connection, project_id, [event])
    assert await waiting(database) == 0


async def test_a_commit_wakes_the_relay(
    relay: OutboxRelay,
    database: Database,
    database_url: str,
    project_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(relay_module, "POLL_INTERVAL_SECONDS", 60.0)
    observer = await asyncpg.connect(database_url)

    async def is_listening() -> bool:
        listeners = "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'LISTEN %'"
        return bool(await observer.fetchval(listeners))

    def has_published(events: int) -> bool:
        return relay.counts.published == events

    async with relaying(relay):
        assert await eventually(is_listening)
        for number in range(3):
            await tell(database, project_id, [number])
            await eventually(partial(has_published, number + 1))
    await observer.close()


async def test_each_topic_stays_in_order_with_many_writers(
    running_relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    async def write(topic: str) -> None:
        for number in range(0, 60, 3):
            await tell(database, project_id, [number, number + 1, number + 2], topic=topic)

    topics = [f"executions/{index}" for index in range(8)]
    await asyncio.gather(*[write(topic) for topic in topics])

    await eventually(lambda: running_relay.counts.published == 8 * 60)
    assert await kept(bus, project_id) == {topic: list(range(60)) for topic in topics}
    assert await waiting(database) == 0


async def test_two_relays_publish_everything_once_and_in_order(
    database: Database, database_url: str, bus: Bus, project_id: str
) -> None:
    other_database = await Database.connect(database_url, room=ROOM)
    relays = [OutboxRelay(database, bus), OutboxRelay(other_database, bus)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        for number in range(100):
            await tell(database, project_id, [number])
        await eventually(lambda: sum(relay.counts.published for relay in relays) == 100)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await other_database.close()
    assert await kept(bus, project_id) == {"executions/one": list(range(100))}


async def test_what_was_published_but_not_noted_is_not_published_again(
    relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    """Not even when the bus has forgotten the message ids: the relay asks what was stored last."""
    await tell(database, project_id, [1, 2, 3])
    for event in (await stored(database))[:2]:
        # Without the header that the bus recognises repetitions by, but found by it when asked.
        await bus.publish_once(subject_of(event), event.SerializeToString(), message_id=event.id)
    await forget_message_ids(bus)

    await relay.relay_once()

    assert await kept(bus, project_id) == {"executions/one": [1, 2, 3]}
    assert relay.counts.published == 1


async def forget_message_ids(bus: Bus) -> None:
    """Shorten the bus's memory, and wait until it has forgotten."""
    config = (await bus.js.stream_info(EVENTS)).config
    config.duplicate_window = 0.1
    await bus.js.update_stream(config)
    probe = complete(str(uuid4()), 0)
    await bus.publish(probe)
    stored_first = await bus.last_sequence()

    async def is_stored_again() -> bool:
        await bus.publish(probe)
        return await bus.last_sequence() > stored_first

    assert await eventually(is_stored_again)


async def test_a_row_that_is_no_batch_is_set_aside_while_others_flow(
    running_relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    await tell(database, project_id, [1])
    async with database.transaction(project_id) as connection:
        await table.insert(connection, project_id, b"\xff\xff\xff")
    await tell(database, project_id, [2])

    await eventually(lambda: running_relay.counts.refused == 1)
    await eventually(lambda: running_relay.counts.published == 2)
    assert await kept(bus, project_id) == {"executions/one": [1, 2]}
    async with database.transaction(project_id) as connection:
        dead = await connection.fetchrow("SELECT batch, reason FROM outbox_dead_letters")
        assert dead is not None
        assert dead["batch"] == b"\xff\xff\xff"
        assert dead["reason"].startswith("not a batch of events")
        assert await redrive(connection) == 1
    await eventually(lambda: running_relay.counts.refused == 2)


async def test_nothing_is_lost_while_the_bus_is_away(
    running_relay: OutboxRelay, database: Database, bus: Bus, nats_server: EmbeddedNats, project_id: str
) -> None:
    await tell(database, project_id, [0])
    await eventually(lambda: running_relay.counts.published == 1)
    await nats_server.kill()
    for number in range(1, 20):
        await tell(database, project_id, [number])
    assert await waiting(database) == 19

    await nats_server.start()
    await eventually(lambda: running_relay.counts.published == 20)

    assert await kept(bus, project_id) == {"executions/one": list(range(20))}


async def test_a_bus_that_lost_its_streams_gets_them_again(
    running_relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    await bus.js.delete_stream(EVENTS)
    await tell(database, project_id, [1])

    await eventually(lambda: running_relay.counts.published == 1)
    assert await kept(bus, project_id) == {"executions/one": [1]}


async def test_the_relay_tells_how_far_it_is_behind(
    relay: OutboxRelay, database: Database, nats_server: EmbeddedNats, project_id: str
) -> None:
    await tell(database, project_id, [1])
    await tell(database, project_id, [2])
    await nats_server.kill()

    with pytest.raises(UnavailableError):
        await relay.relay_once()

    assert relay.counts.depth == 2
    assert relay.counts.lag_seconds > 0
    assert {reading.name: reading.value for reading in relay.counts.read()}["timeloom_outbox_depth"] == 2
