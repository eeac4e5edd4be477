"""A relay or a consumer in a process of its own, to be killed: `python -m tests.fault.data.worker relay`."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.helpers.events import ALL_TOPICS, number_of
from tests.helpers.notes_room import ROOM
from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus, subject_filter
from timeloom_platform.consumer import Consumer
from timeloom_platform.database import Connection, Database
from timeloom_platform.outbox import OutboxRelay

READY = "ready"
ACK_WAIT_SECONDS = 1.5


async def write_note(connection: Connection, event: events_pb2.Event) -> None:
    """The effect that must happen once."""
    await connection.execute(
        "INSERT INTO notes (project_id, body) VALUES ($1, $2)",
        event.project_id,
        f"{event.topic} {number_of(event)}",
    )


def notes_consumer(bus: Bus, database: Database) -> Consumer:
    """Writes a note for every event."""
    return Consumer(
        bus,
        database,
        durable="notes-writer",
        subjects=[subject_filter("*", ALL_TOPICS)],
        handler=write_note,
        ack_wait_seconds=ACK_WAIT_SECONDS,
    )


class Worker:
    """The process, seen from the test."""

    def __init__(self, role: str, *, database_url: str, nats_url: str) -> None:
        self._role = role
        self._environment = {**os.environ, "DATABASE_URL": database_url, "NATS_URL": nats_url}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it works."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __spec__.name,
            self._role,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            line = ""
            while line != READY:
                received = await self._process.stdout.readline()
                assert received, f"the {self._role} ended with {await self._process.wait()}"
                line = received.decode().strip()

    async def kill(self) -> None:
        """End it as the kernel would: without a word."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


@asynccontextmanager
async def working(role: str, *, database_url: str, nats_url: str) -> AsyncGenerator[Worker]:
    """A worker for the time of a block."""
    worker = Worker(role, database_url=database_url, nats_url=nats_url)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.kill()


async def main(role: str) -> None:
    """Work until killed."""
    database = await Database.connect(os.environ["DATABASE_URL"], room=ROOM)
    bus = await Bus.connect(os.environ["NATS_URL"], name=role)
    worker = OutboxRelay(database, bus) if role == "relay" else notes_consumer(bus, database)
    print(READY, flush=True)  # noqa: T201 - what the test waits for
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
