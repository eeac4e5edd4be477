"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from timeloom_platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the engine keeps what it owns.

    Attributes:
        engine_lease_seconds: An engine that has not renewed its lease for so long loses what it owns.
        worker_lease_seconds: A worker that has not been heard of for so long loses what it holds.
        deliveries_max: An execution whose workers are lost so often without a step between is given up.
    """

    engine_lease_seconds: float = 10.0
    worker_lease_seconds: float = 15.0
    deliveries_max: int = 5

    def __post_init__(self) -> None:
        if self.engine_lease_seconds < 1:
            raise ValueError("TIMELOOM_ENGINE_LEASE_SECONDS must be at least 1")
        if self.worker_lease_seconds < 1:
            raise ValueError("TIMELOOM_WORKER_LEASE_SECONDS must be at least 1")
        if self.deliveries_max < 1:
            raise ValueError("TIMELOOM_DELIVERIES_MAX must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the workflows service.

    Attributes:
        service: Those of every service.
        engine: Those of the engine.
        database_pool_size: Connections to PostgreSQL, besides those that the engine commits by.
    """

    service: ServiceSettings
    engine: EngineSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
