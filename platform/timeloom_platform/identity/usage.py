"""Remembers when keys were last used, to the minute, without a write for each call."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_platform.errors import TimeloomError
from timeloom_platform.identity import storage

FLUSH_SECONDS = 5.0
REMEMBERED_KEYS_MAX = 10_000
WAITING_KEYS_MAX = 10_000

_logger = structlog.get_logger(__name__)


class UsageRecorder:
    """Collects uses in memory and writes them together every few seconds.

    What a crash loses is seconds of a time that is shown to the minute.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: LruCache[str, datetime] = LruCache(REMEMBERED_KEYS_MAX)
        self._waiting: dict[str, datetime] = {}

    def note(self, api_key_id: str, time: datetime) -> None:
        """Remember that the key was used, if that is news to the minute."""
        minute = time.replace(second=0, microsecond=0)
        if self._noted.get(api_key_id) != minute and len(self._waiting) < WAITING_KEYS_MAX:
            self._noted.put(api_key_id, minute)
            self._waiting[api_key_id] = minute

    async def run(self) -> None:
        """Write what was noted, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                await self._try_to_flush()
        finally:
            await self._try_to_flush()

    async def flush(self) -> None:
        """Write what was noted.

        Raises:
            UnavailableError: PostgreSQL cannot be reached; the uses stay noted for the next time.
        """
        uses, self._waiting = self._waiting, {}
        if not uses:
            return
        try:
            async with self._database.system_transaction() as connection:
                await storage.update_last_uses(connection, uses)
        except BaseException:
            self._waiting = uses | self._waiting
            raise

    async def _try_to_flush(self) -> None:
        try:
            await self.flush()
        except (TimeloomError, OSError) as error:
            _logger.warning("last uses of keys not written", keys=len(self._waiting), exc_info=error)
