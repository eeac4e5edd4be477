"""PostgreSQL or NATS is away for ten seconds while events flow: nothing is amiss when it is back."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.fault.data.worker import notes_consumer
from tests.helpers.events import kept, tell, waiting
from timeloom_platform.bus import Bus
from timeloom_platform.consumer import Consumer
from timeloom_platform.database import Database, map_database_error
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.errors import UnavailableError
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

OUTAGE_SECONDS = 10.0
TOPIC = "executions/one"


class Writer:
    """Tells one event after the other and keeps count of what was acknowledged and what was not."""

    def __init__(self, database: Database, project_id: str) -> None:
        self.acknowledged: list[int] = []
        self.uncertain: list[int] = []
        self.cut_off: list[int] = []
        """What was on its way when the writer was told to end: it may have been committed."""
        self._database = database
        self._project_id = project_id

    async def run(self) -> None:
        number = 0
        while True:
            try:
                await tell(self._database, self._project_id, [number], topic=TOPIC)
                self.acknowledged.append(number)
            except asyncio.CancelledError:
                self.cut_off.append(number)
                raise
            except Exception as error:
                if not isinstance(error, UnavailableError) and not isinstance(
                    map_database_error(error), UnavailableError
                ):
                    raise
                self.uncertain.append(number)
            number += 1
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*loops: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    try:
        yield
        assert not [task.exception() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class House:
    """Writer, relay and consumer at work, and what they have achieved."""

    def __init__(self, database: Database, bus: Bus, project_id: str) -> None:
        self.writer = Writer(database, project_id)
        self.relay = OutboxRelay(database, bus)
        self.consumer: Consumer = notes_consumer(bus, database)
        self._database = database
        self._bus = bus
        self._project_id = project_id

    async def notes(self) -> list[int]:
        async with self._database.system_transaction() as connection:
            rows = await connection.fetch("SELECT body FROM notes")
        return sorted(int(row["body"].rpartition(" ")[2]) for row in rows)

    async def settle(self) -> None:
        """Wait until everything that was committed has arrived."""

        async def has_arrived() -> bool:
            return await waiting(self._database) == 0 and set(await self.notes()) >= set(
                self.writer.acknowledged
            )

        await eventually(has_arrived)

    async def check(self) -> None:
        """What was acknowledged is there, what was not may be; all of it once and in order."""
        stored = (await kept(self._bus, self._project_id))[TOPIC]
        assert stored == sorted(set(stored))
        assert set(self.writer.acknowledged) <= set(stored)
        writer = self.writer
        assert set(stored) <= {*writer.acknowledged, *writer.uncertain, *writer.cut_off}
        assert await self.notes() == stored


async def test_postgresql_is_away_for_ten_seconds(
    database: Database, bus: Bus, private_postgres: EmbeddedPostgres, project_id: str
) -> None:
    house = House(database, bus, project_id)
    async with running(house.relay.run, house.consumer.run):
        async with running(house.writer.run):
            await eventually(lambda: house.consumer.counts.handled > 20)
            await private_postgres.kill()
            await asyncio.sleep(OUTAGE_SECONDS)
            await private_postgres.start()
            handled = house.consumer.counts.handled
            written = len(house.writer.acknowledged)
            await eventually(lambda: len(house.writer.acknowledged) > written)
            await eventually(lambda: house.consumer.counts.handled > handled + 20)
        await house.settle()
    await house.check()


async def test_nats_is_away_for_ten_seconds(
    database: Database, bus: Bus, nats_server: EmbeddedNats, project_id: str
) -> None:
    house = House(database, bus, project_id)
    async with running(house.relay.run, house.consumer.run):
        async with running(house.writer.run):
            await eventually(lambda: house.consumer.counts.handled > 20)
            await nats_server.kill()
            await asyncio.sleep(OUTAGE_SECONDS)
            await nats_server.start()
            handled = house.consumer.counts.handled
            await eventually(lambda: house.consumer.counts.handled > handled + 20)
        await house.settle()

    assert house.writer.uncertain == []
    await house.check()
