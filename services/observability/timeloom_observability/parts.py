"""A part of the service: what it serves, and what it does besides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc.aio

from timeloom_platform.authentication import Authenticator
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import ServiceBinding

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped
    from prometheus_client.registry import Collector

Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Listener: TypeAlias = Callable[[Bus], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpGround:
    """Where OpenTelemetry is taken.

    Attributes:
        authenticator: Finds out who sends it.
        grpc_listen: `host:port`; nowhere if empty.
        http_listen: Likewise.
        cors_origins: Of pages that may send it, separated by commas.
    """

    authenticator: Authenticator
    grpc_listen: str = ""
    http_listen: str = ""
    cors_origins: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every part stands on.

    Attributes:
        database: The room's, for everything but writing telemetry.
        ingest_database: With a connection for each lane, prepared by `storage.ingest.prepare`.
        cursors: Sign the tokens of pages.
        clock: The time.
        master_keys: Seal what must not be read in the database.
        memory: To the memory service, which is asked on behalf of the current identity.
        snapshots: To the snapshots service; likewise.
        otlp: Without it no OpenTelemetry is taken.
        private_hosts: Where webhooks may be besides the public Internet; see `outgoing.addresses`.
        trace_quiet_seconds: A trace of which nothing has come for so long becomes an execution in time
            travel; none does if it is None.
        bus: Without it no events can be followed.
    """

    database: Database
    ingest_database: Database
    cursors: Cursors
    clock: Callable[[], datetime]
    master_keys: MasterKeys
    memory: grpc.aio.Channel
    snapshots: grpc.aio.Channel
    otlp: OtlpGround | None = None
    private_hosts: str = ""
    trace_quiet_seconds: float | None = None
    bus: Bus | None = None


def _nothing() -> None:
    return


async def _nothing_to_settle() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that is put together.

    Attributes:
        bindings: What it serves.
        jobs: What it does by itself, each until it is cancelled.
        listeners: What it does with what the bus tells, each until it is cancelled.
        end_streams: Ends the calls that would go on for ever: their callers turn to another replica.
        settle: Awaited when the service leaves, while its jobs still run.
        collectors: Show what is counted.
    """

    bindings: Sequence[ServiceBinding] = ()
    jobs: Sequence[Job] = ()
    listeners: Sequence[Listener] = ()
    end_streams: Callable[[], None] = _nothing
    settle: Callable[[], Awaitable[None]] = _nothing_to_settle
    collectors: Sequence[Collector] = ()
