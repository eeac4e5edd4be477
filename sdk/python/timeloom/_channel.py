"""How the client connects: spread over the servers, health-checked, retrying what may be retried."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import grpc

# grpcio watches the health service only if this is imported.
import grpc_health.v1.health as _health
from google.protobuf.descriptor import ServiceDescriptor

from timeloom import keepalive
from timeloom.errors import ConfigurationError

MESSAGE_BYTES_MAX = 72 * 1024 * 1024

# The service watched must be the whole server's: a server that drains reports it first.
HEALTH_SERVICE_NAME = _health.OVERALL_HEALTH

_RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_PORTS_DEFAULT = {"http": 80, "https": 443}


def open_channel(
    address: str, *, services: tuple[ServiceDescriptor, ...], repeatable: frozenset[str]
) -> grpc.aio.Channel:
    """Open a channel to `host:port`, `http://host:port` or (with TLS) `https://host:port`.

    Args:
        address: Where Timeloom's gRPC front is.
        services: What will be called.
        repeatable: The full names of the methods that are retried.
    """
    target, secure = _target(address)
    options = [
        ("grpc.service_config", json.dumps(_service_config(services, repeatable))),
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        *keepalive.client_options(),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
    ]
    if secure:
        return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
    return grpc.aio.insecure_channel(target, options=options)


def _target(address: str) -> tuple[str, bool]:
    if "://" not in address:
        return address, False
    parts = urlsplit(address)
    if parts.scheme not in _PORTS_DEFAULT or not parts.hostname:
        raise ConfigurationError(
            f"The gRPC address {address!r} is none of host:port, http://host:port and https://host:port"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{parts.port or _PORTS_DEFAULT[parts.scheme]}", parts.scheme == "https"


def _service_config(services: tuple[ServiceDescriptor, ...], repeatable: frozenset[str]) -> dict[str, Any]:
    names = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.full_name in repeatable
    ]
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": HEALTH_SERVICE_NAME},
        "methodConfig": [{"name": names, "retryPolicy": _RETRY_POLICY}],
    }
