"""Signs of life on idle connections: how often clients ask for one, and how often servers let them.

A gRPC server cuts off clients that ask more often than it allows (GOAWAY, `too_many_pings`), and allows one
in five minutes unless told otherwise. So both sides take their numbers from here.
"""

from __future__ import annotations

from typing import Final

INTERVAL_MS: Final = 30_000
"""A client whose connection has been silent for so long asks whether the server is still there."""

TIMEOUT_MS: Final = 10_000
"""A server that has not answered by then is gone."""

ALLOWED_INTERVAL_MS: Final = 5_000
"""What a server allows: far more often than clients ask, for what was held up comes close together."""


def client_options(*, interval_ms: int = INTERVAL_MS) -> list[tuple[str, int]]:
    """Return the options of a channel."""
    return [
        ("grpc.keepalive_time_ms", interval_ms),
        ("grpc.keepalive_timeout_ms", TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]


def server_options(*, allowed_interval_ms: int = ALLOWED_INTERVAL_MS) -> list[tuple[str, int]]:
    """Return the options of a server."""
    return [
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", allowed_interval_ms),
    ]
