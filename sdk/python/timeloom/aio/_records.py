"""What the clients of records share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from timeloom._calls import Connection
from timeloom._messages import assign
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed

RecordT = TypeVar("RecordT")
RequestT = TypeVar("RequestT", bound=Message)


class Records:
    """The records of one kind."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _list(
        self,
        kind: type[RecordT],
        field: str,
        method: Callable[[], Any],
        request: Message,
        *,
        limit: int | None,
        page_size: int,
    ) -> AsyncPager[RecordT]:
        return listed(
            self._connection, method, request, kind=kind, field=field, limit=limit, page_size=page_size
        )


def filled(request: RequestT, **values: Any) -> RequestT:
    """Return a request with the fields that are given; None leaves one absent."""
    for name, value in values.items():
        assign(request, name, value)
    return request
