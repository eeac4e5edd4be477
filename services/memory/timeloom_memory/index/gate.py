"""Who may use a shard: searches side by side, changes one at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Gate:
    """A lock for many readers or one writer, for tasks of one event loop. Nobody overtakes who waits."""

    def __init__(self) -> None:
        self._reader_count = 0
        self._is_written = False
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()

    @property
    def is_open(self) -> bool:
        """Whether a reader who does not wait for anything meanwhile may just read."""
        return not self._is_written

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[None]:
        """Lends the shard to one more reader."""
        await self._enter(is_writer=False)
        try:
            yield
        finally:
            self._leave(is_writer=False)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Lends the shard to a writer alone."""
        await self._enter(is_writer=True)
        try:
            yield
        finally:
            self._leave(is_writer=True)

    async def _enter(self, *, is_writer: bool) -> None:
        if not self._waiting and self._is_free(is_writer=is_writer):
            self._admit(is_writer=is_writer)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, is_writer))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit_next()
            else:
                # It was admitted already, and only did not hear of it.
                self._leave(is_writer=is_writer)
            raise

    def _is_free(self, *, is_writer: bool) -> bool:
        return not self._is_written and not (is_writer and self._reader_count)

    def _admit(self, *, is_writer: bool) -> None:
        if is_writer:
            self._is_written = True
        else:
            self._reader_count += 1

    def _leave(self, *, is_writer: bool) -> None:
        if is_writer:
            self._is_written = False
        else:
            self._reader_count -= 1
        self._admit_next()

    def _admit_next(self) -> None:
        """Admits those who wait, in order, as far as they get along; who has given up is left out."""
        while self._waiting:
            turn, is_writer = self._waiting[0]
            if not turn.cancelled():
                if not self._is_free(is_writer=is_writer):
                    return
                self._admit(is_writer=is_writer)
                turn.set_result(None)
            self._waiting.popleft()
