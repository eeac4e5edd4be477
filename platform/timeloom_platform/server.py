"""A gRPC server as every Timeloom service runs it, and the way it leaves without dropping a call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from timeloom import keepalive
from timeloom_platform.authentication import Authenticator
from timeloom_platform.interceptor import GuardedHandlers, Limits, ServiceBinding
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.process import run
from timeloom_platform.telemetry import Tracing

__all__ = ["MESSAGE_BYTES_MAX", "GrpcServer", "Limits", "ServiceBinding", "run"]

MESSAGE_BYTES_MAX = 72 * 1024 * 1024
# How long clients are given to notice that a server is leaving; those that watch its health do at once.
NOTICE_SECONDS = 0.5

_logger = structlog.get_logger(__name__)
_PUBLIC_SERVICES = frozenset({health.SERVICE_NAME, reflection.SERVICE_NAME})


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
            ContractError: The contract leaves something open, or a servicer does not keep it.
        """
        self._listen = listen
        self._names = [binding.descriptor.full_name for binding in services]
        self._options = _options(max_message_bytes)
        self._handlers = GuardedHandlers(
            bindings=services,
            public_services=_PUBLIC_SERVICES,
            authenticator=authenticator,
            metrics=metrics or RpcMetrics(),
            tracing=tracing or Tracing.disabled(),
            limits=limits or Limits(),
        )
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> str:
        """Listen, report SERVING, and return the address that was bound.

        Raises:
            OSError: The address is taken or not ours.
        """
        self._server = server = grpc.aio.server(options=self._options)
        server.add_generic_rpc_handlers((self._handlers,))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection([*self._names, *_PUBLIC_SERVICES], server)
        try:
            port = server.add_insecure_port(self._listen)
        except RuntimeError as error:
            await server.stop(None)
            raise OSError(
                f"cannot listen on {self._listen}: taken, or not an address of this host"
            ) from error
        await server.start()
        for name in ("", *self._names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        address = f"{self._listen.rpartition(':')[0]}:{port}"
        _logger.info("serving", address=address, services=self._names)
        return address

    async def stop(self, grace_seconds: float = 5, *, notice_seconds: float = NOTICE_SECONDS) -> None:
        """Leave without dropping a call.

        Reports NOT_SERVING, gives clients time to turn elsewhere, and then lets running calls finish.
        """
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(notice_seconds)
        await self._server.stop(grace_seconds)
        _logger.info("stopped serving")


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        # Without this two processes could share a port by mistake, each getting half of the calls.
        ("grpc.so_reuseport", 0),
        *keepalive.server_options(),
    ]
