"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from timeloom_platform.settings import ServiceSettings
from timeloom_workflows.actions.http_client import PRIVATE_HOSTS, private_hosts
from timeloom_workflows.actions.llm import LlmSettings


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
class ActionSettings:
    """What steps may reach.

    Attributes:
        llm: The language model of steps that name no other.
        private_hosts: Where actions may connect to besides the public Internet; see `outgoing.addresses`.
        memory_address: Of the memory service; there are no actions on memories if empty.
        migration_address: Of the migration service; there are no actions on migrations if empty.
        workspace_address: Of the workspace service; no secrets of environments can be named if empty.
        public_url: Where the installation's REST is reached from outside; calls back are addressed to it.
    """

    llm: LlmSettings
    private_hosts: str = field(default="", metadata={"env": PRIVATE_HOSTS})
    memory_address: str = ""
    migration_address: str = ""
    workspace_address: str = ""
    public_url: str = "http://127.0.0.1:8080"

    def __post_init__(self) -> None:
        try:
            private_hosts(self.private_hosts)
        except ValueError as error:
            raise ValueError(f"{PRIVATE_HOSTS}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelSettings:
    """How executions are recorded for time travel.

    Attributes:
        snapshots_address: Of the snapshots service; nothing is recorded if empty.
        record_executions: Whether to record them at all.
    """

    snapshots_address: str = ""
    record_executions: bool = field(default=True, metadata={"env": "TIMELOOM_WORKFLOWS_TIME_TRAVEL"})

    @property
    def is_on(self) -> bool:
        """Whether executions are recorded."""
        return self.record_executions and bool(self.snapshots_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the workflows service.

    Attributes:
        service: Those of every service.
        engine: Those of the engine.
        actions: Those of what steps do.
        travel: Those of time travel.
        database_pool_size: Connections to PostgreSQL, besides those that the engine commits by.
    """

    service: ServiceSettings
    engine: EngineSettings
    actions: ActionSettings
    travel: TravelSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
