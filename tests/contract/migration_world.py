"""What a project has in the migration service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import grpc.aio

from timeloom.exports import Export
from timeloom.migration.v1 import migration_service_pb2 as messages
from timeloom.migration.v1 import migration_service_pb2_grpc as services

NEEDS: Final = ("migration", "startedMigration", "pausedMigration", "doneMigration")


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a migration, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`: how far it is.
    """
    stub: Any = services.MigrationServiceStub(channel)
    metadata = tuple(headers.items())
    export = Export.of([("localStorage", "what-is-this", "nobody knows")])
    (_, records), *_ = export.parts()
    made = await stub.CreateMigration(
        messages.CreateMigrationRequest(
            migration_id=str(uuid4()),
            format_version=1,
            record_count=1,
            sha256=export.sha256,
            records=records,
        ),
        metadata=metadata,
    )
    own: dict[str, str] = {"migration_id": made.migration.id}
    if needs != "migration":
        await stub.StartMigration(messages.StartMigrationRequest(**own), metadata=metadata)
    if needs == "pausedMigration":
        await stub.PauseMigration(messages.PauseMigrationRequest(**own), metadata=metadata)
    while needs == "doneMigration":
        advanced = await stub.AdvanceMigration(messages.AdvanceMigrationRequest(**own), metadata=metadata)
        if advanced.done:
            break
    return {needs: made.migration.id}
