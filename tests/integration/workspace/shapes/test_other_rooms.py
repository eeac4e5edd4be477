"""Tables of other rooms, where these are in the same database."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.workspace.shapes.conftest import Shapes
from timeloom_platform.testing.databases import Rooms
from timeloom_workspace.assembly import PACKAGE, ROOM

INSERT_MIGRATION = """
INSERT INTO migration.migrations (
    project_id, id, status, origin, app, app_version, user_agent, user_id, conflict_resolution, secret_policy,
    sha256, record_count, create_time, update_time
) VALUES ($1, $2, 'RUNNING', '', 'an app', '', '', '', '', '', '', 10, now(), now())
"""


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE, "migration": "timeloom_migration"}


async def test_the_progress_of_a_migration_is_followed(shapes: Shapes) -> None:
    mine, theirs = uuid4(), uuid4()
    await shapes.execute(INSERT_MIGRATION, shapes.project_id, mine)
    await shapes.execute(INSERT_MIGRATION, uuid4(), theirs)
    got = await shapes.ask(table="migrations", offset="-1", columns="id,status,progress")
    assert [change["value"] for change in got.changes] == [
        {"id": str(mine), "status": "RUNNING", "progress": "0"}
    ]
    for migration_id in (theirs, mine):
        await shapes.execute("UPDATE migration.migrations SET progress = 0.5 WHERE id = $1", migration_id)
    changes: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while not changes:
            got = await shapes.ask(
                table="migrations",
                columns="id,status,progress",
                offset=got.offset,
                handle=got.handle,
                live="true",
            )
            changes = got.changes
    assert [change["value"] for change in changes] == [{"id": str(mine), "progress": "0.5"}]


async def test_how_a_migration_is_driven_is_not_shown(shapes: Shapes) -> None:
    refused = await shapes.ask(table="migrations", offset="-1", columns="id,phase")
    assert refused.status == 400
