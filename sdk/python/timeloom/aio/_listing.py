"""Lists of the API as pagers, without a page's three lines being written for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from timeloom._calls import Connection
from timeloom._messages import read
from timeloom._pages import AsyncPager

ItemT = TypeVar("ItemT")


def listed(
    connection: Connection,
    method: Callable[[], Any],
    request: Any,
    *,
    kind: type[ItemT],
    field: str,
    limit: int | None,
    page_size: int,
) -> AsyncPager[ItemT]:
    """Return what a List method returns, page by page.

    Args:
        connection: Of the client.
        method: Returns the method; called in the event loop, where its stub may be made.
        request: What is asked, with a page size and a token.
        kind: The dataclass of an item.
        field: The response's list of them.
        limit: At most this many; all if None.
        page_size: How many travel together.
    """

    async def fetch(size: int, token: str) -> tuple[Sequence[ItemT], str]:
        request.page_size, request.page_token = size, token
        response = await connection.unary(method(), request)
        return [read(kind, each) for each in getattr(response, field)], response.next_page_token

    return AsyncPager(fetch, limit=limit, page_size=page_size)
