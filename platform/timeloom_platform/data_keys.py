"""The data keys of projects, as a room that seals keeps them.

Such a room has this table among its migrations:

    CREATE TABLE data_keys (
        project_id uuid PRIMARY KEY,
        master_key_id text NOT NULL,
        wrapped bytea NOT NULL,
        create_time timestamptz NOT NULL
    );

    SELECT protect_table('data_keys');
"""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import TimeloomError
from timeloom_platform.sealing import DataKey, MasterKeys, WrappedKey

REWRAPPING_INTERVAL_SECONDS: Final = 600.0
REWRAPPED_AT_ONCE_MAX: Final = 100

SELECT: Final = "SELECT master_key_id, wrapped FROM data_keys WHERE project_id = $1"

INSERT: Final = """
INSERT INTO data_keys (project_id, master_key_id, wrapped, create_time)
VALUES ($1, $2, $3, now())
ON CONFLICT (project_id) DO NOTHING
"""

LOCK_OTHERS: Final = """
SELECT project_id, master_key_id, wrapped
FROM data_keys
WHERE master_key_id = ANY ($1) AND master_key_id <> $2
ORDER BY project_id
LIMIT $3
FOR UPDATE SKIP LOCKED
"""

UPDATE: Final = "UPDATE data_keys SET master_key_id = $2, wrapped = $3 WHERE project_id = $1"

COUNT_UNKNOWN: Final = "SELECT count(*) FROM data_keys WHERE master_key_id <> ALL ($1)"

logger = structlog.get_logger(__name__)


async def data_key(connection: Connection, project_id: UUID, master_keys: MasterKeys) -> DataKey:
    """Returns the project's data key, within a transaction of the project; makes it if there is none.

    Raises:
        UnavailableError: The master key that wrapped it is not among the settings.
        DataLossError: It was changed.
    """
    row = await connection.fetchrow(SELECT, project_id)
    if row is None:
        made = master_keys.make(project_id)
        await connection.execute(INSERT, project_id, made.master_key_id, made.wrapped)
        # Whoever was first has made it.
        row = await connection.fetchrow(SELECT, project_id)
        assert row is not None, "it was there, or was made"
    return master_keys.unwrap(WrappedKey(**row), project_id)


class Rewrapping:
    """Wraps data keys anew that another master key has wrapped than the current one."""

    def __init__(self, database: Database, master_keys: MasterKeys) -> None:
        self._database = database
        self._master_keys = master_keys

    async def run(self) -> None:
        """Looks again and again, until it is cancelled: a replica may still wrap with the key before."""
        while True:
            try:
                await self.rewrap()
            except TimeloomError as error:
                logger.warning("data keys not wrapped anew", room=self._database.room, reason=error.reason)
            await asyncio.sleep(REWRAPPING_INTERVAL_SECONDS)

    async def rewrap(self) -> int:
        """Wraps anew what has to be, and returns how many data keys that were."""
        count = 0
        while done := await self._rewrap_some():
            count += done
        async with self._database.system_transaction() as connection:
            unknown = await connection.fetchval(COUNT_UNKNOWN, self._master_keys.ids)
        if count:
            logger.info("data keys wrapped anew", room=self._database.room, count=count)
        if unknown:
            logger.error("data keys have an unknown master key", room=self._database.room, count=unknown)
        return count

    async def _rewrap_some(self) -> int:
        keys = self._master_keys
        async with self._database.system_transaction() as connection:
            rows = await connection.fetch(LOCK_OTHERS, keys.ids, keys.current_id, REWRAPPED_AT_ONCE_MAX)
            for row in rows:
                project_id = UUID(int=row["project_id"].int)
                kept = WrappedKey(master_key_id=row["master_key_id"], wrapped=row["wrapped"])
                made = keys.rewrap(kept, project_id)
                await connection.execute(UPDATE, project_id, made.master_key_id, made.wrapped)
        return len(rows)
