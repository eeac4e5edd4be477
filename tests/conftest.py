"""Fixtures for every test."""

from timeloom_platform.testing.fixtures import (
    database_url,
    databases,
    nats_server,
    nats_url,
    private_postgres,
    rooms,
    scratch_directory,
)

__all__ = [
    "database_url",
    "databases",
    "nats_server",
    "nats_url",
    "private_postgres",
    "rooms",
    "scratch_directory",
]
