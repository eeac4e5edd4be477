"""Servers of a test's own, for tests that stop, kill or restart them."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres


@asynccontextmanager
async def throw_away_nats() -> AsyncGenerator[EmbeddedNats]:
    """Lends an empty NATS with JetStream; it starts in some 20 ms, so every test may have its own."""
    with scratch_directory() as directory:
        server = EmbeddedNats(directory / "nats")
        await server.start()
        try:
            yield server
        finally:
            await server.kill()


@asynccontextmanager
async def private_postgres() -> AsyncGenerator[EmbeddedPostgres]:
    """Lends a PostgreSQL cluster of one's own, to be killed at will; it takes half a second to make."""
    with scratch_directory() as directory:
        server = EmbeddedPostgres(directory / "postgres", settings=THROW_AWAY_SETTINGS)
        await server.start()
        try:
            yield server
        finally:
            await server.discard()


@contextmanager
def scratch_directory() -> Generator[Path]:
    """Lends a folder that PostgreSQL's account can reach; pytest's own are closed to it when we are root."""
    directory = Path(tempfile.mkdtemp(prefix="timeloom-test-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
