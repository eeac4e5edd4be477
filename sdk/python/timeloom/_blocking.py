"""How the blocking client is made of the asyncio one, so that neither is written twice.

The asyncio client lives in a thread of its own. A blocking class names the methods that it takes over from
its asyncio twin, and has them with their signatures and their documentation:

    class Executions(Facade[AsyncExecutions]):
        get = blocking(AsyncExecutions.get)
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from timeloom._pages import AsyncPager
from timeloom.errors import ConfigurationError

TwinT = TypeVar("TwinT")
TwinT_co = TypeVar("TwinT_co", covariant=True)
OtherT = TypeVar("OtherT")
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
P = ParamSpec("P")


_END: Any = object()


async def _advance(source: AsyncIterator[ItemT]) -> ItemT:
    return cast("ItemT", await anext(source, _END))


async def _close(source: AsyncIterator[Any]) -> None:
    if isinstance(source, AsyncGenerator):
        await source.aclose()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _ignore_empty_wake_ups(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing when grpcio wakes several event loops for one event, of which the first has taken it."""
    if not isinstance(context.get("exception"), BlockingIOError):
        loop.default_exception_handler(context)


class Portal:
    """An event loop in a thread of its own, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process_id = 0
        self.closed = False

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine there and return its result; the calling thread waits."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._running_loop(coroutine))
        try:
            return future.result()
        except BaseException:
            # Ctrl-C interrupts the thread that waits; the coroutine must hear of it as well.
            future.cancel()
            raise

    def start(self, coroutine: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        """Start a coroutine there and return where its result will be."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running_loop(coroutine))

    async def run_from_async(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine there for another event loop, which goes on meanwhile."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(coroutine, self._running_loop(coroutine))
        )

    def iterate(self, source: AsyncIterator[ItemT]) -> Iterator[ItemT]:
        """Yield what an asynchronous iterator yields there."""
        try:
            while (item := self.run(_advance(source))) is not _END:
                yield item
        finally:
            self.run(_close(source))

    async def iterate_from_async(self, source: AsyncIterator[ItemT]) -> AsyncIterator[ItemT]:
        """Yield what an asynchronous iterator yields there, to another event loop."""
        try:
            while (item := await self.run_from_async(_advance(source))) is not _END:
                yield item
        finally:
            await self.run_from_async(_close(source))

    def close(self) -> None:
        """Stop the thread; nothing can be run afterwards."""
        with self._lock:
            self.closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None and self._process_id == os.getpid():
            asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _running_loop(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.AbstractEventLoop:
        with self._lock:
            problem = self._problem()
            if problem:
                coroutine.close()
                raise ConfigurationError(problem)
            if self._loop is None:
                self._process_id = os.getpid()
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(_ignore_empty_wake_ups)
                self._thread = threading.Thread(target=self._loop.run_forever, name="timeloom", daemon=True)
                self._thread.start()
            return self._loop

    def _problem(self) -> str:
        if self.closed:
            return "This client is closed"
        if self._loop is not None and self._process_id != os.getpid():
            return "This client was used before the process forked: make a new one in each process"
        if self._thread is threading.current_thread():
            return "This client cannot be called from its own thread"
        return ""


class Facade(Generic[TwinT_co]):
    """The blocking face of an object that lives in the portal's thread."""

    def __init__(self, portal: Portal, twin: TwinT_co) -> None:
        self.portal = portal
        self._twin = twin

    @property
    def twin(self) -> TwinT_co:
        """The object itself."""
        return self._twin


class Method(Generic[TwinT, P, OtherT, ResultT]):
    """A method of the twin in another form: a descriptor, as functions are.

    Args:
        method: The twin's method, whose signature and documentation this one has.
        finish: Turns what the twin's method returned into what this one returns.
    """

    def __init__(
        self,
        method: Callable[Concatenate[TwinT, P], OtherT],
        finish: Callable[[Portal, OtherT], ResultT],
    ) -> None:
        self._method = method
        self._finish = finish
        self.__doc__ = method.__doc__

    def __get__(self, facade: Facade[TwinT], owner: type) -> Callable[P, ResultT]:
        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> ResultT:
            return self._finish(facade.portal, self._method(facade.twin, *args, **kwargs))

        return call


def blocking(
    method: Callable[Concatenate[TwinT, P], Coroutine[Any, Any, ResultT]],
) -> Method[TwinT, P, Coroutine[Any, Any, ResultT], ResultT]:
    """Turn a coroutine method into one that waits for its result."""
    return Method(method, Portal.run)


def paging(
    method: Callable[Concatenate[TwinT, P], AsyncPager[ItemT]],
) -> Method[TwinT, P, AsyncPager[ItemT], Pager[ItemT]]:
    """Turn a list method into one whose result is iterated over without `async`."""
    return Method(method, Pager)


def iterating(
    method: Callable[Concatenate[TwinT, P], AsyncIterator[ItemT]],
) -> Method[TwinT, P, AsyncIterator[ItemT], Iterator[ItemT]]:
    """Turn an asynchronous generator into a generator."""
    return Method(method, Portal.iterate)


def plain(
    method: Callable[Concatenate[TwinT, P], ResultT],
) -> Method[TwinT, P, ResultT, ResultT]:
    """Take over a method that does not wait for anything."""
    return Method(method, lambda _, result: result)


class Pager(Generic[ItemT]):
    """The items of a list, fetched a page at a time as they are asked for: `for item in pager`."""

    def __init__(self, portal: Portal, pager: AsyncPager[ItemT]) -> None:
        self._portal = portal
        self._pager = pager

    def __iter__(self) -> Iterator[ItemT]:
        while not self._pager.done:
            yield from self._portal.run(self._pager.next_page())
