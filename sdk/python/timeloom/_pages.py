"""Lists that page by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

PAGE_SIZE_MAX = 1000

FetchPage = Callable[[int, str], Awaitable[tuple[Sequence[ItemT], str]]]
"""Given a page size and a page token, returns a page and the next token, empty at the end."""


class AsyncPager(Generic[ItemT]):
    """The items of a list, fetched a page at a time as they are asked for: `async for item in pager`."""

    def __init__(self, fetch: FetchPage[ItemT], *, limit: int | None, page_size: int) -> None:
        self._fetch = fetch
        self._page_size = min(page_size, PAGE_SIZE_MAX)
        self._remaining = limit
        self._token = ""
        self.done = limit is not None and limit <= 0

    async def next_page(self) -> Sequence[ItemT]:
        """Return the next items, perhaps none; `done` tells whether there are more."""
        if self.done:
            return ()
        size = self._page_size if self._remaining is None else min(self._page_size, self._remaining)
        items, self._token = await self._fetch(size, self._token)
        if self._remaining is not None:
            items = items[: self._remaining]
            self._remaining -= len(items)
        self.done = not self._token or self._remaining == 0
        return items

    async def __aiter__(self) -> AsyncIterator[ItemT]:
        while not self.done:
            for item in await self.next_page():
                yield item
