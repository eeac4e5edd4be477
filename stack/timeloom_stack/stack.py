"""The life of the stack: from an empty folder to "ready", until somebody stops it."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from timeloom_stack import locks, probes
from timeloom_stack.console import Console
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import DataDirectoryError, StackError
from timeloom_stack.first_key import KeyRing
from timeloom_stack.logbook import Logbook
from timeloom_stack.nursery.client import Nursery
from timeloom_stack.orphans import Orphanage
from timeloom_stack.plan import Planner, StackPlan, public_ports
from timeloom_stack.port_owners import refuse_taken
from timeloom_stack.process_age import process_age_seconds
from timeloom_stack.secrets import Secrets
from timeloom_stack.settings import StackSettings
from timeloom_stack.state import ProcessRecord, StackRecord
from timeloom_stack.supervisor import Supervisor
from timeloom_stack.versions import version

READY_TIMEOUT_SECONDS = 60.0

OnReady = Callable[[StackRecord], Awaitable[None]]


async def run_stack(
    settings: StackSettings,
    *,
    environ: Mapping[str, str],
    console: Console,
    on_ready: OnReady,
    verbose: bool = False,
) -> None:
    """Starts everything, and returns when a signal has stopped it.

    Args:
        settings: What to start, and where.
        environ: What the services inherit.
        console: Where the logs are shown.
        on_ready: Awaited when all is ready for the first time.
        verbose: Show also what PostgreSQL and NATS say about themselves.

    Raises:
        StackError: It could not be started; nothing is left running.
    """
    directory = DataDirectory(settings.data_dir)
    directory.prepare()
    with locks.supervising(directory.lock_file):
        refuse_taken(public_ports(settings))
        secrets = _secrets(settings, directory)
        plan = Planner(settings, directory, secrets, environ).plan()
        logbook = Logbook(directory, console, verbose=verbose)
        try:
            await _Stack(settings, directory, plan, logbook, on_ready).run()
            logbook.tell("stopped", level="info")
        finally:
            logbook.close()


def _secrets(settings: StackSettings, directory: DataDirectory) -> Secrets:
    """The installation's secrets; new ones would not open a cluster that is there already."""
    has_cluster = (directory.postgres / "PG_VERSION").exists()
    if has_cluster and not settings.database_url and not Secrets.exist(directory.secrets):
        raise DataDirectoryError(
            f"the passwords of the database in {directory.postgres} are missing from {directory.secrets}",
            remedies=("put the folder back", f"or give up the data: move {directory.postgres} away"),
        )
    return Secrets.load_or_create(directory.secrets)


class _Stack:
    """The supervisor, what it tells others in the state file, and what is done once all are ready."""

    def __init__(
        self,
        settings: StackSettings,
        directory: DataDirectory,
        plan: StackPlan,
        logbook: Logbook,
        on_ready: OnReady,
    ) -> None:
        self._directory = directory
        self._logbook = logbook
        self._on_ready = on_ready
        self._record = StackRecord(
            pid=os.getpid(),
            version=version(),
            data_dir=str(directory.root),
            http_url=settings.http_url,
            grpc_address=settings.grpc_address,
            otlp_endpoint=settings.otlp_endpoint,
            otlp_http_endpoint=settings.otlp_http_endpoint,
            start_kind="cold" if plan.is_cold else "warm",
            processes=tuple(ProcessRecord(name=each.name, address=each.address) for each in plan.processes),
        )
        orphanage = Orphanage()
        self._nursery = Nursery(
            plan.environment,
            orphanage=orphanage,
            on_output=partial(logbook.write, "nursery"),
            tell=partial(logbook.tell, level="debug"),
        )
        self._supervisor = Supervisor(
            plan.processes,
            sink=logbook,
            on_change=self._on_change,
            orphanage=orphanage,
            spawn=self._nursery.spawn,
        )
        self._keys = KeyRing(
            directory.credentials_file,
            http_url=settings.http_url,
            grpc_address=settings.grpc_address,
            otlp_endpoint=settings.otlp_endpoint,
            environment=plan.environment,
            spawn=self._nursery.spawn,
            on_helper=orphanage.spare,
        )

    async def run(self) -> None:
        stop = asyncio.Event()
        self._stop_on_signals(stop)
        self._change(self._record)
        await self._nursery.open()
        running = asyncio.create_task(self._supervisor.run(stop))
        opening = asyncio.create_task(self._open())
        try:
            await asyncio.wait({running, opening}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done() and opening.exception() is not None:
                stop.set()
            await running
        finally:
            opening.cancel()
            with suppress(asyncio.CancelledError):
                await opening
            await self._nursery.close()
            self._directory.state_file.unlink(missing_ok=True)

    async def _open(self) -> None:
        """Waits until all is ready, and sees to the key that opens it."""
        # Started with the services, so that its imports cost no time of their own.
        is_cold = not self._directory.credentials_file.exists()
        first_key = asyncio.create_task(self._keys.make()) if is_cold else None
        try:
            async with asyncio.timeout(READY_TIMEOUT_SECONDS):
                await self._supervisor.wait_until_ready()
                # What is restarted later can do without, and nothing is to run that does nothing.
                await self._nursery.close()
                await probes.wait_until_complete(f"{self._record.http_url}/readyz")
                await (first_key or self._keys.check(self._logbook.tell))
        except (OSError, TimeoutError) as error:
            raise StackError(f"the stack did not become ready: {error or 'it took too long'}") from error
        finally:
            if first_key is not None:
                first_key.cancel()
        self._change(replace(self._record, start_seconds=round(process_age_seconds(), 3)))
        await self._on_ready(self._record)

    def _on_change(self, process: ProcessRecord) -> None:
        self._change(self._record.with_process(process))

    def _change(self, record: StackRecord) -> None:
        self._record = record
        record.write(self._directory.state_file)

    def _stop_on_signals(self, stop: asyncio.Event) -> None:
        """The first signal stops everything in order, a second one at once."""

        def on_signal() -> None:
            if stop.is_set():
                self._supervisor.kill_all()
                return
            self._logbook.tell("stopping", level="info")
            stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, on_signal)
