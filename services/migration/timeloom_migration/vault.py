"""Secrets of records, sealed on arrival and opened when they are written."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform.data_keys import data_key
from timeloom_platform.database import Connection
from timeloom_platform.sealing import MasterKeys


class Vault:
    """Seals with the data key of each project."""

    def __init__(self, keys: MasterKeys) -> None:
        self._keys = keys

    async def seal(self, connection: Connection, project_id: UUID, place: str, value: str) -> bytes:
        """Returns a secret sealed; it can be opened at this place alone."""
        key = await data_key(connection, project_id, self._keys)
        return key.seal(value.encode(), place=place)

    async def open(self, connection: Connection, project_id: UUID, place: str, sealed: bytes) -> str:
        """Returns a secret in clear.

        Raises:
            DataLossError: It was changed, or brought to another place.
        """
        key = await data_key(connection, project_id, self._keys)
        return key.open(sealed, place=place).decode()
