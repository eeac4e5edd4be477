"""What can wait steps aside while telemetry arrives, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

ASIDE_SECONDS_MAX: Final = 1.0
"""However much arrives, there is a turn for other work so often."""


class Pace:
    """Knows whether something arrives just now."""

    def __init__(self) -> None:
        self._arriving = 0
        self._is_calm = asyncio.Event()
        self._is_calm.set()

    @contextmanager
    def arriving(self) -> Generator[None]:
        """Lets other work wait."""
        self._arriving += 1
        self._is_calm.clear()
        try:
            yield
        finally:
            self._arriving -= 1
            if not self._arriving:
                self._is_calm.set()

    async def calm(self) -> None:
        """Returns when nothing arrives, or it is this work's turn."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ASIDE_SECONDS_MAX):
                await self._is_calm.wait()
