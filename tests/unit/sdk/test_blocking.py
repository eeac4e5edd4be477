"""The blocking face of objects that live in an event loop of their own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from timeloom._blocking import Facade, Portal, blocking, iterating, paging, plain
from timeloom._pages import AsyncPager
from timeloom.errors import ConfigurationError


class AsyncCounter:
    """Counts."""

    def __init__(self) -> None:
        self.closed = False

    async def double(self, number: int, *, plus: int = 0) -> int:
        """Return twice the number."""
        await asyncio.sleep(0)
        if number < 0:
            raise ValueError("negative")
        return 2 * number + plus

    def pages(self) -> AsyncPager[int]:
        async def fetch(_size: int, token: str) -> tuple[list[int], str]:
            return ([1, 2], "next") if not token else ([3], "")

        return AsyncPager(fetch, limit=None, page_size=2)

    async def count(self) -> AsyncIterator[int]:
        try:
            for number in range(1000):
                yield number
        finally:
            self.closed = True

    def name(self) -> str:
        return threading.current_thread().name


class Counter(Facade[AsyncCounter]):
    double = blocking(AsyncCounter.double)
    pages = paging(AsyncCounter.pages)
    count = iterating(AsyncCounter.count)
    name = plain(AsyncCounter.name)


@pytest.fixture
def counter() -> Iterator[Counter]:
    portal = Portal()
    yield Counter(portal, AsyncCounter())
    portal.close()


def test_a_coroutine_method_waits_for_its_result(counter: Counter) -> None:
    assert counter.double(4, plus=1) == 9


def test_an_error_comes_through(counter: Counter) -> None:
    with pytest.raises(ValueError, match="negative"):
        counter.double(-1)


def test_a_method_keeps_its_name_and_documentation(counter: Counter) -> None:
    assert counter.double.__name__ == "double"
    assert counter.double.__doc__ == "Return twice the number."


def test_pages_and_generators_are_iterated_over(counter: Counter) -> None:
    assert list(counter.pages()) == [1, 2, 3]
    assert list(counter.count()) == list(range(1000))


def test_a_generator_that_is_left_early_is_closed(counter: Counter) -> None:
    numbers = counter.count()
    assert next(numbers) == 0
    assert not counter.twin.closed
    numbers.close()  # type: ignore[attr-defined]  # it is a generator
    assert counter.twin.closed


def test_a_plain_method_runs_where_it_is_called(counter: Counter) -> None:
    assert counter.name() == threading.current_thread().name


async def test_another_event_loop_can_wait_too(counter: Counter) -> None:
    results = await asyncio.gather(
        *(counter.portal.run_from_async(counter.twin.double(number)) for number in range(5))
    )
    assert results == [0, 2, 4, 6, 8]
    found = [number async for number in counter.portal.iterate_from_async(counter.twin.count())]
    assert found == list(range(1000))


def test_a_closed_portal_says_so(counter: Counter) -> None:
    counter.double(1)
    counter.portal.close()
    with pytest.raises(ConfigurationError, match="closed"):
        counter.double(1)


def test_a_portal_that_was_used_before_a_fork_says_so(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.double(1)
    real = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    with pytest.raises(ConfigurationError, match="forked"):
        counter.double(1)
    monkeypatch.undo()
