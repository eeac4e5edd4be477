"""A gRPC server as every Timeloom service runs it, and the way it leaves without dropping a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from timeloom_platform.authentication import Authenticator
from timeloom_platform.contract import methods_of
from timeloom_platform.interceptor import Limits, RpcInterceptor
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.process import run
from timeloom_platform.telemetry import Tracing

__all__ = ["MESSAGE_BYTES_MAX", "GrpcServer", "Limits", "ServiceBinding", "run"]

MESSAGE_BYTES_MAX = 72 * 1024 * 1024
# How long clients are given to notice that a server is leaving; those that watch its health do at once.
NOTICE_SECONDS = 0.5
_MIN_PING_INTERVAL_MILLISECONDS = 10_000

_logger = structlog.get_logger(__name__)
_PUBLIC_SERVICES = frozenset({health.SERVICE_NAME, reflection.SERVICE_NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBinding:
    """A service of the contract and what serves it.

    Attributes:
        add: The generated `add_…Servicer_to_server`, or a function like it.
        servicer: Its methods are coroutines or asynchronous generators.
        descriptor: The service in the contract.
        opaque: Its messages pass as bytes: a proxy's, whose target validates them.
    """

    add: Callable[[Any, grpc.aio.Server], None]
    servicer: Any
    descriptor: ServiceDescriptor
    opaque: bool = False


class GrpcServer:
    """Serves services of the contract with health, reflection and the one interceptor."""

    def __init__(
        self,
        *,
        listen: str,
        authenticator: Authenticator,
        services: Sequence[ServiceBinding],
        max_message_bytes: int = MESSAGE_BYTES_MAX,
        limits: Limits | None = None,
        metrics: RpcMetrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """Prepare the server; nothing listens yet.

        Args:
            listen: `host:port`; port 0 takes a free one.
            authenticator: Finds out who calls.
            services: What to serve.
            max_message_bytes: The largest message, either way.
            limits: How much it takes on at once.
            metrics: Counts the calls.
            tracing: Records the sampled ones.

        Raises:
            ContractError: A method names no scope, or a rule does not fit its field.
        """
        self._listen = listen
        self._services = services
        self._health = health.aio.HealthServicer()
        interceptor = RpcInterceptor(
            methods=methods_of(binding.descriptor for binding in services),
            opaque_services=frozenset(each.descriptor.full_name for each in services if each.opaque),
            public_services=_PUBLIC_SERVICES,
            authenticator=authenticator,
            metrics=metrics or RpcMetrics(),
            tracing=tracing or Tracing.disabled(),
            limits=limits or Limits(),
        )
        self._server = grpc.aio.server(interceptors=[interceptor], options=_options(max_message_bytes))

    async def start(self) -> str:
        """Listen, report SERVING, and return the address that was bound.

        Raises:
            OSError: The address is taken or not ours.
        """
        for binding in self._services:
            binding.add(binding.servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [binding.descriptor.full_name for binding in self._services]
        reflection.enable_server_reflection([*names, *_PUBLIC_SERVICES], self._server)
        host = self._listen.rpartition(":")[0]
        try:
            port = self._server.add_insecure_port(self._listen)
        except RuntimeError as error:
            raise OSError(
                f"cannot listen on {self._listen}: taken, or not an address of this host"
            ) from error
        await self._server.start()
        for name in ("", *names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        address = f"{host}:{port}"
        _logger.info("serving", address=address, services=names)
        return address

    async def stop(self, grace_seconds: float = 5) -> None:
        """Leave: report NOT_SERVING, give clients time to turn elsewhere, and let running calls finish."""
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(NOTICE_SECONDS)
        await self._server.stop(grace_seconds)
        _logger.info("stopped serving")


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        # Without this two processes could share a port by mistake, each getting half of the calls.
        ("grpc.so_reuseport", 0),
        # Clients may ask idle connections for a sign of life, as those of `channel` do.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", _MIN_PING_INTERVAL_MILLISECONDS),
    ]
