"""Lists that page by themselves."""

from __future__ import annotations

from timeloom._pages import AsyncPager


class Shelf:
    """Ten numbers, handed out in pages."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def fetch(self, size: int, token: str) -> tuple[list[int], str]:
        self.sizes.append(size)
        start = int(token or 0)
        end = min(start + size, 10)
        return list(range(start, end)), str(end) if end < 10 else ""


async def test_all_items_come_in_order_page_by_page() -> None:
    shelf = Shelf()
    assert [item async for item in AsyncPager(shelf.fetch, limit=None, page_size=4)] == list(range(10))
    assert shelf.sizes == [4, 4, 4]


async def test_a_limit_asks_for_no_more_than_it_needs() -> None:
    shelf = Shelf()
    assert [item async for item in AsyncPager(shelf.fetch, limit=6, page_size=4)] == list(range(6))
    assert shelf.sizes == [4, 2]


async def test_nothing_is_fetched_for_a_limit_of_zero() -> None:
    shelf = Shelf()
    assert [item async for item in AsyncPager(shelf.fetch, limit=0, page_size=4)] == []
    assert shelf.sizes == []


async def test_a_page_may_be_empty_before_the_end() -> None:
    pages = iter([([1], "a"), ([], "b"), ([2], "")])

    async def fetch(_size: int, _token: str) -> tuple[list[int], str]:
        return next(pages)

    assert [item async for item in AsyncPager(fetch, limit=None, page_size=4)] == [1, 2]


async def test_a_page_is_never_larger_than_the_api_allows() -> None:
    shelf = Shelf()
    pager = AsyncPager(shelf.fetch, limit=None, page_size=100_000)
    assert list(await pager.next_page()) == list(range(10))
    assert shelf.sizes == [1000]
