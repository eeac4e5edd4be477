"""What has come for a run while it was busy or asleep."""

from __future__ import annotations

import asyncio
from datetime import datetime

from msgspec import Struct

from timeloom_workflows.driving.doing import Result


class Arrival(Struct, frozen=True, kw_only=True):
    """A result, and who wants to know whether it was committed.

    Attributes:
        answer: None if nobody does.
        start_time: When a worker began with it; None if the engine did it.
    """

    result: Result
    answer: asyncio.Future[bool] | None = None
    worker_id: str = ""
    start_time: datetime | None = None


class Mailbox:
    """Results, and the word that something came from outside."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._something = asyncio.Event()
        self._is_poked = False
        self._is_closed = False

    def __bool__(self) -> bool:
        return self._is_poked or bool(self._arrivals)

    def put(self, arrival: Arrival) -> None:
        """Takes a result."""
        if self._is_closed:
            _refuse(arrival)
            return
        self._arrivals.append(arrival)
        self._something.set()

    def poke(self) -> None:
        """Takes the word that something came from outside."""
        self._is_poked = True
        self._something.set()

    def take_poke(self) -> bool:
        """Returns whether something came from outside since the last call."""
        is_poked, self._is_poked = self._is_poked, False
        return is_poked

    def take(self) -> list[Arrival]:
        """Returns the results that have come."""
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    async def wait(self, seconds: float | None) -> None:
        """Returns when something is there, or after so many seconds."""
        self._something.clear()
        if self:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """Takes nothing more, and tells whoever waits that nothing of it was committed."""
        self._is_closed = True
        for arrival in self.take():
            _refuse(arrival)


def _refuse(arrival: Arrival) -> None:
    if arrival.answer is not None and not arrival.answer.done():
        arrival.answer.set_result(False)
