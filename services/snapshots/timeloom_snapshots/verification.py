"""Verifying an execution in the database."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import work
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.storage import executions, verification
from timeloom_snapshots.verify import Damage, Verifier


async def verify_execution(
    database: Database, codec: Codec, project_id: UUID, execution_id: UUID
) -> Damage | None:
    """Verifies all that is stored of an execution's snapshots; returns the first damage that is found.

    Raises:
        NotFoundError: There is no such execution.
    """
    async with database.transaction(str(project_id)) as connection:
        # Locked, so that the number of snapshots is still right when the last of them is read.
        execution = await executions.lock(connection, project_id, execution_id)
        if execution is None:
            raise NotFoundError(f"There is no execution {execution_id}.")
        verifier = Verifier(project_id, execution, codec)
        async for stored in verification.select_all(connection, project_id, execution_id):
            damage = await work.on(stored.snapshot.state_bytes, verifier.check, stored)
            if damage is not None:
                return damage
        return verifier.finish(
            await verification.select_stray_keyframes(connection, project_id, execution_id)
        )
