"""A relay and a consumer that are killed again and again: nothing lost, doubled or out of order."""

import asyncio

import pytest

from tests.fault.data.worker import working
from tests.helpers.events import kept, tell, waiting
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import eventually

pytestmark = pytest.mark.fault

KILLS = 10
TOPICS = [f"executions/{index}" for index in range(10)]
EVENTS_EACH = 300


async def write_all(database: Database, project_id: str) -> None:
    async def write(topic: str) -> None:
        for number in range(0, EVENTS_EACH, 2):
            await tell(database, project_id, [number, number + 1], topic=topic)

    await asyncio.gather(*[write(topic) for topic in TOPICS])


@pytest.mark.timeout(180)
async def test_a_relay_killed_while_it_publishes_loses_and_doubles_nothing(
    database: Database,
    bus: Bus,
    private_postgres: EmbeddedPostgres,
    nats_server: EmbeddedNats,
    project_id: str,
) -> None:
    await write_all(database, project_id)
    for _ in range(KILLS):
        stored = (await bus.stream_state()).messages
        async with working("relay", database_url=private_postgres.url, nats_url=nats_server.url) as relay:

            async def has_begun(stored: int = stored) -> bool:
                return (await bus.stream_state()).messages > stored or await waiting(database) == 0

            await eventually(has_begun)
            await relay.kill()
        assert await waiting(database), "it was killed in the middle of its work"
    async with working("relay", database_url=private_postgres.url, nats_url=nats_server.url):

        async def is_empty() -> bool:
            return await waiting(database) == 0

        await eventually(is_empty)

    assert await kept(bus, project_id) == {topic: list(range(EVENTS_EACH)) for topic in TOPICS}


@pytest.mark.timeout(180)
async def test_a_consumer_killed_while_it_handles_applies_every_event_once(
    database: Database,
    private_postgres: EmbeddedPostgres,
    nats_server: EmbeddedNats,
    project_id: str,
) -> None:
    async def notes() -> list[str]:
        async with database.system_transaction() as connection:
            return [row["body"] for row in await connection.fetch("SELECT body FROM notes")]

    await write_all(database, project_id)
    async with working("relay", database_url=private_postgres.url, nats_url=nats_server.url):
        for _ in range(KILLS):
            written = len(await notes())
            async with working(
                "consumer", database_url=private_postgres.url, nats_url=nats_server.url
            ) as consumer:

                async def has_begun(written: int = written) -> bool:
                    return written < len(await notes()) or written == len(TOPICS) * EVENTS_EACH

                await eventually(has_begun)
                await consumer.kill()
        async with working("consumer", database_url=private_postgres.url, nats_url=nats_server.url):

            async def is_complete() -> bool:
                return len(await notes()) >= len(TOPICS) * EVENTS_EACH

            await eventually(is_complete)

    assert sorted(await notes()) == sorted(
        f"{topic} {number}" for topic in TOPICS for number in range(EVENTS_EACH)
    )
