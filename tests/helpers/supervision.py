"""A supervisor over small servers, for tests: in this process, or in one of its own that can be killed."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import ProcessSpecification
from timeloom_stack import probes
from timeloom_stack.files import write_atomically
from timeloom_stack.orphans import Orphanage
from timeloom_stack.state import ProcessRecord
from timeloom_stack.supervisor import Supervised, Supervisor

REPOSITORY = Path(__file__).parents[2]


class Memory:
    """A sink that remembers, and the newest record of each process."""

    def __init__(self) -> None:
        self.output: dict[str, bytes] = {}
        self.sentences: list[str] = []
        self.records: dict[str, ProcessRecord] = {}
        self.history: list[tuple[str, str]] = []

    def write(self, name: str, chunk: bytes) -> None:
        self.output[name] = self.output.get(name, b"") + chunk

    def tell(self, message: str, *, level: str = "warning") -> None:  # noqa: ARG002 - the interface's
        self.sentences.append(message)

    def on_change(self, record: ProcessRecord) -> None:
        self.records[record.name] = record
        self.history.append((record.name, str(record.state)))


def listener(
    name: str,
    *options: str,
    depends_on: Sequence[str] = (),
    uses: Sequence[str] = (),
    stop_timeout_seconds: float = 5.0,
) -> Supervised:
    """A supervised `tests.helpers.listener` on a port of its own."""
    port = ports.choose()

    async def is_ready(_pid: int) -> bool:
        return await probes.listens("127.0.0.1", port)

    specification = ProcessSpecification(
        name=name,
        command=(sys.executable, "-m", "tests.helpers.listener", str(port), *options),
        directory=REPOSITORY,
        environment={**os.environ},
        depends_on=frozenset(depends_on),
        uses=frozenset(uses),
        is_ready=is_ready,
        ready_timeout_seconds=10.0,
        stop_timeout_seconds=stop_timeout_seconds,
    )
    return Supervised(specification=specification, address=f"127.0.0.1:{port}")


async def supervise_until_killed(directory: Path) -> None:
    """Keeps a PostgreSQL and a listener that leaves children behind; their ids are in `processes`."""
    postgres = EmbeddedPostgres(directory / "postgres")
    processes = (Supervised(specification=postgres.specification), listener("echo", "forks"))
    memory = Memory()
    supervisor = Supervisor(processes, sink=memory, on_change=memory.on_change, orphanage=Orphanage())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    running = asyncio.create_task(supervisor.run(stop))
    await supervisor.wait_until_ready()
    while not running.done():
        _publish(directory / "processes", memory)
        await asyncio.sleep(0.02)
    await running


def _publish(file: Path, memory: Memory) -> None:
    children = re.findall(rb"child (\d+)", memory.output.get("echo", b""))
    pids = {name: record.pid for name, record in memory.records.items()}
    write_atomically(file, json.dumps(pids | {"children": [int(child) for child in children]}))


if __name__ == "__main__":
    asyncio.run(supervise_until_killed(Path(sys.argv[1])))
