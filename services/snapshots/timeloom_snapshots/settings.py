"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from timeloom_platform.settings import ServiceSettings
from timeloom_snapshots.lane import LINGER_SECONDS
from timeloom_snapshots.upkeep import RETENTION_SECONDS, SEALING_SECONDS

MEBIBYTE = 1024 * 1024
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the snapshots service.

    Attributes:
        service: Those of every service.
        database_pool_size: Connections to PostgreSQL.
        commit_linger_seconds: How long a commit waits for as many callers as the last one had.
        state_cache_bytes: What the states in memory may take together.
        sealing_seconds: How often the service looks for snapshots to seal.
        retention_seconds: How often it applies the projects' policies.
    """

    service: ServiceSettings
    database_pool_size: int = 8
    commit_linger_seconds: float = LINGER_SECONDS
    state_cache_bytes: int = 256 * MEBIBYTE
    sealing_seconds: float = SEALING_SECONDS
    retention_seconds: float = RETENTION_SECONDS

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
        if not 0.0 <= self.commit_linger_seconds <= 0.1:
            raise ValueError("TIMELOOM_COMMIT_LINGER_SECONDS must lie between 0 and 0.1")
        if self.state_cache_bytes < MEBIBYTE:
            raise ValueError("TIMELOOM_STATE_CACHE_BYTES must be at least 1 MiB")
        for name, seconds in (("SEALING", self.sealing_seconds), ("RETENTION", self.retention_seconds)):
            if not 0.1 <= seconds <= DAY_SECONDS:
                raise ValueError(f"TIMELOOM_{name}_SECONDS must lie between 0.1 and {DAY_SECONDS}")
