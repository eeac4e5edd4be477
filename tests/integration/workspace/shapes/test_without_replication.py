"""A database that does not let changes be followed: whoever asks for a shape learns it at once, and why."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.integration.workspace.shapes.conftest import LIMITS, Shapes, serving
from timeloom_platform.embedded.postgres import OWNER, THROW_AWAY_SETTINGS, EmbeddedPostgres
from timeloom_platform.migrate import migrate
from timeloom_platform.testing import eventually
from timeloom_workspace.assembly import PACKAGE, ROOM

REASON = (
    "The database does not let changes be followed: it needs wal_level=logical and a free replication slot, "
    "and the service's role the attribute REPLICATION."
)


@asynccontextmanager
async def _shapes_on(directory: Path, settings: Mapping[str, str]) -> AsyncGenerator[tuple[Shapes, str]]:
    """Shapes of a PostgreSQL with other settings, and its superuser's address."""
    postgres = EmbeddedPostgres(directory / "postgres", settings={**THROW_AWAY_SETTINGS, **settings})
    await postgres.start()
    try:
        await migrate(postgres.url, room=ROOM, package=PACKAGE)
        superuser_url = postgres.url_of("timeloom", superuser=True)
        async with serving(postgres.url, superuser_url, directory / "shapes", limits=LIMITS) as shapes:
            yield shapes, superuser_url
    finally:
        await postgres.discard()


@pytest.mark.parametrize("setting", [{"wal_level": "replica"}, {"max_replication_slots": "0"}])
async def test_without_logical_decoding_a_shape_is_refused_with_the_reason(
    scratch_directory: Path, setting: Mapping[str, str]
) -> None:
    async with _shapes_on(scratch_directory, setting) as (shapes, _):
        for _ in range(2):
            refused = await shapes.ask(offset="-1")
            assert (refused.status, refused.document) == (503, {"message": REASON})
            assert refused.headers["cache-control"] == "no-store"
            assert int(refused.headers["retry-after"]) > 0


async def test_a_role_that_may_not_replicate_is_named_until_it_may(scratch_directory: Path) -> None:
    async with _shapes_on(scratch_directory, {}) as (shapes, superuser_url):
        administrator = await asyncpg.connect(superuser_url)
        try:
            await administrator.execute(f"ALTER ROLE {OWNER} NOREPLICATION")
            refused = await shapes.ask(offset="-1")
            assert (refused.status, refused.document) == (503, {"message": REASON})
            await administrator.execute(f"ALTER ROLE {OWNER} REPLICATION")
        finally:
            await administrator.close()

        async def is_served() -> bool:
            return (await shapes.ask(offset="-1")).status == 200

        await eventually(is_served, timeout_seconds=30.0)
