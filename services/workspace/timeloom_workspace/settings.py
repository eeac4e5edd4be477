"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from timeloom_platform.sealing import SealingSettings
from timeloom_platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the workspace service.

    Attributes:
        service: Those of every service.
        sealing: Those of how secrets are sealed.
        database_pool_size: Connections to PostgreSQL.
    """

    service: ServiceSettings
    sealing: SealingSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
