"""Starts processes in the order of readiness, keeps them running, and stops them in the reverse order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Protocol

from timeloom_platform.embedded import process as processes
from timeloom_platform.embedded.process import ProcessSpecification
from timeloom_stack.backoff import Backoff
from timeloom_stack.keeper import ProcessKeeper, Spawn
from timeloom_stack.orphans import Orphanage
from timeloom_stack.state import ProcessRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised:
    """A process to keep, and where it listens (for people)."""

    specification: ProcessSpecification
    address: str = ""

    @property
    def name(self) -> str:
        """The process's name in logs and in `status`."""
        return self.specification.name


class Sink(Protocol):
    """Where the output of the processes goes."""

    def write(self, name: str, chunk: bytes) -> None:
        """Takes what the process wrote, as it came."""
        ...

    def tell(self, message: str, *, level: str = "warning") -> None:
        """Takes a sentence of the supervisor's own."""
        ...


class Supervisor:
    """Keeps a set of processes.

    Processes start as soon as what they depend on is ready, side by side where nothing orders them. A restart
    does not restart those that depend on the process: every service reconnects by itself.
    """

    def __init__(
        self,
        processes: Sequence[Supervised],
        *,
        sink: Sink,
        on_change: Callable[[ProcessRecord], None],
        backoff: Backoff | None = None,
        orphanage: Orphanage | None = None,
        spawn: Spawn = processes.spawn,
    ) -> None:
        self._keepers = {
            each.name: ProcessKeeper(
                each.specification,
                address=each.address,
                backoff=backoff or Backoff(),
                on_change=on_change,
                on_output=_output_of(each.name, sink),
                tell=sink.tell,
                see_out_orphans=self._see_out_orphans,
                spawn=spawn,
            )
            for each in processes
        }
        unknown = {need for name in self._keepers for need in self._needs(name)} - self._keepers.keys()
        if unknown:
            raise ValueError(f"nothing is called {', '.join(sorted(unknown))}")
        # Refuses a circle, which could be neither started nor stopped.
        TopologicalSorter({name: self._needs(name) for name in self._keepers}).prepare()
        self._tasks: set[asyncio.Task[None]] = set()
        self._orphanage = orphanage

    async def run(self, stop: asyncio.Event) -> None:
        """Runs everything until `stop` is set, and returns when all of it has ended.

        Raises:
            StartFailedError: A process could not be started at all; the others have been stopped.
        """
        self._tasks = {asyncio.create_task(self._run(keeper)) for keeper in self._keepers.values()}
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({*self._tasks, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            await self._stop_all()
        for task in self._tasks:
            task.result()

    async def wait_until_ready(self) -> None:
        """Returns when every process is ready at the same time."""
        while not all(keeper.ready.is_set() for keeper in self._keepers.values()):
            for keeper in self._keepers.values():
                await keeper.ready.wait()

    def kill_all(self) -> None:
        """Ends everything at once, for the person who cannot wait."""
        for keeper in self._keepers.values():
            keeper.kill()

    async def _run(self, keeper: ProcessKeeper) -> None:
        await keeper.run([self._keepers[name] for name in sorted(keeper.specification.depends_on)])

    def _needs(self, name: str) -> frozenset[str]:
        """What must not be stopped before the process is."""
        specification = self._keepers[name].specification
        return specification.depends_on | specification.uses

    async def _stop_all(self) -> None:
        """Stops those first on which nobody depends any more, then what they stood on."""
        remaining = dict(self._keepers)
        while remaining:
            needed = {need for name in remaining for need in self._needs(name)}
            free = [keeper for name, keeper in remaining.items() if name not in needed]
            await asyncio.gather(*(keeper.stop() for keeper in free))
            for keeper in free:
                del remaining[keeper.specification.name]
        await asyncio.wait(self._tasks)
        await self._see_out_orphans()

    async def _see_out_orphans(self) -> None:
        if self._orphanage is not None:
            await self._orphanage.see_out(self._kept)

    def _kept(self) -> frozenset[int]:
        return frozenset(keeper.pid for keeper in self._keepers.values() if keeper.pid is not None)


def _output_of(name: str, sink: Sink) -> Callable[[bytes], None]:
    return lambda chunk: sink.write(name, chunk)
