"""The process that owns a test run's PostgreSQL: `python -m timeloom_platform.testing.keeper DIRECTORY`."""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path

from timeloom_platform.embedded.postgres import THROW_AWAY_SETTINGS, EmbeddedPostgres
from timeloom_platform.testing.lease import ADDRESS_FILE, LEASE_FILE, PostgresAddress


async def keep(directory: Path) -> None:
    """Runs PostgreSQL in `directory` until nobody holds the lease, then removes the directory."""
    postgres = EmbeddedPostgres(directory / "postgres", settings=THROW_AWAY_SETTINGS)
    try:
        await postgres.start()
        _publish(directory / ADDRESS_FILE, postgres)
        print("ready", flush=True)  # noqa: T201 - what the starter waits for
        await asyncio.to_thread(_wait_for_the_last, directory / LEASE_FILE)
    finally:
        await postgres.discard()
        shutil.rmtree(directory, ignore_errors=True)


def _publish(file: Path, postgres: EmbeddedPostgres) -> None:
    address = PostgresAddress(
        owner_url=postgres.url_of("{database}"), superuser_url=postgres.url_of("{database}", superuser=True)
    )
    unfinished = file.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(address.to_json())
    unfinished.rename(file)


def _wait_for_the_last(lease: Path) -> None:
    # Never closed: it is held until this process is gone.
    fcntl.flock(os.open(lease, os.O_RDWR), fcntl.LOCK_EX)


if __name__ == "__main__":
    # Ctrl-C in pytest's terminal does not mean us: the tests' teardown still needs the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(keep(Path(sys.argv[1])))
