"""Servers of a test's own, for tests that stop, kill or restart them."""

import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres


@asynccontextmanager
async def throw_away_nats() -> AsyncGenerator[EmbeddedNats]:
    """Lends an empty NATS with JetStream; it starts in some 20 ms, so every test may have its own."""
    async with _scratch_directory() as directory:
        server = EmbeddedNats(directory / "nats")
        await server.start()
        try:
            yield server
        finally:
            await server.kill()


@asynccontextmanager
async def private_postgres() -> AsyncGenerator[EmbeddedPostgres]:
    """Lends a PostgreSQL cluster of one's own, to be killed at will; it takes half a second to make."""
    async with _scratch_directory() as directory:
        server = EmbeddedPostgres(directory / "postgres", settings=THROW_AWAY_SETTINGS)
        await server.start()
        try:
            yield server
        finally:
            await server.kill()


@asynccontextmanager
async def _scratch_directory() -> AsyncGenerator[Path]:
    """A folder directly under the temporary directory: pytest's own are closed to PostgreSQL's account."""
    directory = _make_scratch_directory()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _make_scratch_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="timeloom-test-"))
    directory.chmod(0o711)
    return directory
