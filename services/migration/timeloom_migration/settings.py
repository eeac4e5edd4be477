"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from timeloom_platform.sealing import SealingSettings
from timeloom_platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the migration service.

    Attributes:
        service: Those of every service.
        sealing: Those of the secrets that records had.
        memory_address: Of the memory service, which memories are written to.
        workflows_address: Of the workflows service, which drives migrations.
        workspace_address: Of the workspace service, which everything else is written to.
        database_pool_size: Connections to PostgreSQL.
    """

    service: ServiceSettings
    sealing: SealingSettings
    memory_address: str
    workflows_address: str
    workspace_address: str
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 4:
            raise ValueError(
                "TIMELOOM_DATABASE_POOL_SIZE must be at least 4: the relay has one, and a batch of work two"
            )
