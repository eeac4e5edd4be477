"""A service may be started before its PostgreSQL."""

import asyncio
from pathlib import Path

import pytest

from timeloom_platform import migrate as migrations
from timeloom_platform.embedded.postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres
from timeloom_platform.migrate import MigrationError, migrate

IDENTITY = "timeloom_platform.identity"


async def test_migrating_waits_for_a_postgresql_that_is_about_to_start(scratch_directory: Path) -> None:
    server = EmbeddedPostgres(scratch_directory / "postgres", settings=THROW_AWAY_SETTINGS)
    migrating = asyncio.create_task(migrate(server.url, room="identity", package=IDENTITY))
    try:
        await server.start()
        assert await asyncio.wait_for(migrating, timeout=20) > 0
    finally:
        await server.discard()


async def test_migrating_does_not_wait_for_ever(
    scratch_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "START_TIMEOUT_SECONDS", 0.2)
    never_started = EmbeddedPostgres(scratch_directory / "postgres")
    with pytest.raises(MigrationError, match=r"could not be reached within 0\.2 s"):
        await migrate(never_started.url, room="identity", package=IDENTITY)
