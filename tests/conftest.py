"""Fixtures for every test."""

from hypothesis import HealthCheck, settings

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

# How fast the machine is today is nothing that a property says.
settings.register_profile("timeloom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeloom")
