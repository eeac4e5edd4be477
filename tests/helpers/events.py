"""Events as the tests tell and read them: numbered, on a topic."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus, Delivery, subject_filter
from timeloom_platform.database import Database
from timeloom_platform.ids import uuid7
from timeloom_platform.outbox import enqueue

TOPIC = "executions/one"
ALL_TOPICS = "executions/>"


def numbered(number: int, *, topic: str = TOPIC) -> events_pb2.Event:
    """An event for the outbox, which completes it."""
    deleted = events_pb2.ExecutionDeleted(execution_id=str(number))
    return events_pb2.Event(topic=topic, execution_deleted=deleted)


def complete(project_id: str, number: int, *, topic: str = TOPIC) -> events_pb2.Event:
    """An event for the bus itself."""
    event = numbered(number, topic=topic)
    event.project_id = project_id
    event.id = str(uuid7())
    return event


def number_of(event: events_pb2.Event) -> int:
    return int(event.execution_deleted.execution_id)


async def tell(database: Database, project_id: str, numbers: Sequence[int], *, topic: str = TOPIC) -> None:
    """Enqueue the events of one transaction."""
    async with database.transaction(project_id) as connection:
        await enqueue(connection, project_id, [numbered(number, topic=topic) for number in numbers])


async def kept(bus: Bus, project_id: str, *, topics: str = ALL_TOPICS) -> dict[str, list[int]]:
    """What the stream holds of a project: the numbers of each topic in order."""
    found: dict[str, list[int]] = {}
    consumer = await bus.js.pull_subscribe(subject_filter(project_id, topics), stream="TIMELOOM", config=None)
    pending = (await consumer.consumer_info()).num_pending or 0
    while pending:
        for message in await consumer.fetch(min(pending, 500)):
            event = events_pb2.Event.FromString(message.data)
            found.setdefault(event.topic, []).append(number_of(event))
            await message.ack()
            pending -= 1
    await consumer.unsubscribe()
    return found


async def take(deliveries: AsyncGenerator[Delivery], count: int) -> list[Delivery]:
    """The next few of a live subscription, which ends with them."""
    taken: list[Delivery] = []
    async with aclosing(deliveries):
        async for delivery in deliveries:
            taken.append(delivery)
            if len(taken) == count:
                break
    return taken


async def waiting(database: Database) -> int:
    """How many rows the outbox holds."""
    async with database.system_transaction() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
