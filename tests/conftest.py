"""Fixtures for every test."""

import asyncio

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

# Or else asyncio makes a loop for whoever first asks which one is current, and nobody closes it.
asyncio.set_event_loop(None)

# How fast the machine is today is nothing that a property says.
settings.register_profile("timeloom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeloom")
