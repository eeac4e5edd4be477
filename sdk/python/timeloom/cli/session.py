"""What the commands share: the client, and where their output goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import click

from timeloom.cli import documents
from timeloom.resources import Execution

if TYPE_CHECKING:
    from rich.console import Console

    from timeloom.aio import AsyncTimeloom
    from timeloom.client import Timeloom

WIDTH_WITHOUT_TERMINAL = 10_000
"""Where nobody looks at a terminal nothing is cut: a table is as wide as what it says."""

LAST = "last"


class Counter(Protocol):
    """Is told how many things are done."""

    def __call__(self, done: int, *, total: int | None = None, what: str | None = None) -> None:
        """Show it, with how many there are and what is being done, if that is known."""


class Session:
    """One run of the command."""

    def __init__(self, *, api_key: str | None, grpc_address: str | None, url: str | None) -> None:
        self._api_key = api_key
        self._grpc_address = grpc_address
        self._url = url

    @cached_property
    def client(self) -> Timeloom:
        """The client, made when the first command needs it."""
        # Not all commands need it, and it takes a while to load.
        from timeloom.client import Timeloom  # noqa: PLC0415

        return Timeloom(api_key=self._api_key, grpc_address=self._grpc_address, url=self._url)

    def asynchronous_client(self) -> AsyncTimeloom:
        """Return a client for asyncio, which belongs to the caller."""
        from timeloom.aio import AsyncTimeloom  # noqa: PLC0415 - as above

        return AsyncTimeloom(api_key=self._api_key, grpc_address=self._grpc_address, url=self._url)

    @cached_property
    def console(self) -> Console:
        """Standard output for people: colours on a terminal unless NO_COLOR is set."""
        from rich.console import Console  # noqa: PLC0415 - as above

        width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
        return Console(highlight=False, width=width, soft_wrap=False)

    def print_document(self, value: Any) -> None:
        """Print one JSON document."""
        click.echo(documents.pretty(value))

    def print_lines(self, values: Iterable[Any]) -> None:
        """Print a JSON document a line, as they come."""
        for value in values:
            click.echo(documents.compact(value))

    @contextmanager
    def waiting(self, what: str) -> Generator[None]:
        """Show that something is going on, on a terminal, for the block."""
        with self._errors().status(what):
            yield

    @contextmanager
    def progress(self, what: str, *, total: int | None = None) -> Generator[Callable[[int], None]]:
        """Show how many bytes have passed, on a terminal; yields what is to be told."""
        from rich.progress import (  # noqa: PLC0415 - it takes a while to load
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TransferSpeedColumn,
        )

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        with Progress(*columns, console=self._errors(), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)

    @contextmanager
    def counting(self, what: str) -> Generator[Counter]:
        """Show how many things are done, on a terminal; yields what is to be told."""
        from rich.progress import (  # noqa: PLC0415 - it takes a while to load
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._errors(), transient=True) as bar:
            task = bar.add_task(what, total=None)

            def count(done: int, *, total: int | None = None, what: str | None = None) -> None:
                bar.update(task, completed=done, total=total, description=what)

            yield count

    def _errors(self) -> Console:
        from rich.console import Console  # noqa: PLC0415 - as above

        return Console(stderr=True, highlight=False)

    def execution(self, name: str) -> Execution:
        """Return an execution by its identifier, or the newest one for `last`."""
        if name != LAST:
            return self.client.executions.get(name)
        newest = next(iter(self.client.executions.list(limit=1)), None)
        if newest is None:
            raise click.ClickException("There is no execution yet; `make demo` records one")
        return newest

    def execution_id(self, name: str) -> str:
        """Return an execution's identifier, looking it up for `last`."""
        return self.execution(name).id if name == LAST else name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        if "client" in self.__dict__:
            self.client.close()


def current() -> Session:
    """Return the session of the command that is running."""
    return cast("Session", click.get_current_context().obj)
