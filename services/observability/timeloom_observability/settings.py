"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from timeloom_platform.outgoing.addresses import Addresses
from timeloom_platform.sealing import SealingSettings
from timeloom_platform.settings import ServiceSettings

PRIVATE_HOSTS: Final = "TIMELOOM_OBSERVABILITY_PRIVATE_HOSTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the observability service.

    Attributes:
        service: Those of every service.
        sealing: Those of how secrets are sealed.
        memory_address: Of the memory service, whose model tells what texts mean.
        snapshots_address: Of the snapshots service, where traces become executions.
        otlp_grpc_listen: `host:port` where OpenTelemetry is taken over gRPC; nowhere if empty.
        otlp_http_listen: The same over HTTP.
        cors_origins: Of pages that may send it over HTTP, separated by commas; `*` is all of them.
        private_hosts: Where webhooks may be besides the public Internet; see `outgoing.addresses`.
        project_traces: Whether traces of agents become executions in time travel.
        database_pool_size: Connections to PostgreSQL besides those that telemetry is written over.
    """

    service: ServiceSettings
    sealing: SealingSettings
    memory_address: str
    snapshots_address: str
    otlp_grpc_listen: str = "127.0.0.1:4317"
    otlp_http_listen: str = "127.0.0.1:4318"
    cors_origins: str = ""
    private_hosts: str = field(default="", metadata={"env": PRIVATE_HOSTS})
    project_traces: bool = True
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
        try:
            private_hosts(self.private_hosts)
        except ValueError as error:
            raise ValueError(f"{PRIVATE_HOSTS}: {error}") from None


def private_hosts(hosts: str) -> Addresses:
    """Returns what webhooks may connect to besides the public Internet.

    Raises:
        ValueError: A network is not one.
    """
    return Addresses(hosts, setting=PRIVATE_HOSTS)
