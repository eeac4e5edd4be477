"""Seals and prunes one project without a pause: `python -m …upkeep_process URL PROJECT`.

It says on its standard output when a round begins and when it has ended, so that whoever kills it can tell
whether it was at work.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_snapshots.assembly import ROOM, Assembly, assembled
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.policies import RetentionPolicy
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.storage.pruning import Scope
from timeloom_snapshots.storage.sealing import SealingRules

KEEP_LAST: Final = 30
POLICY: Final = RetentionPolicy(
    keep_last=KEEP_LAST, keep_tagged=False, keep_younger_than=None, keep_kinds=(), delete_ended_after=None
)
EAGER: Final = SealingRules(recent_count=0, quiet=timedelta(0), idle=timedelta(0))
BEGIN: Final = "begin"
END: Final = "end"


async def work_off(database: Database, service: Assembly, project_id: UUID) -> int:
    """Does one round; returns how much there was to do."""
    sealed = await Sealer(database=database, codec=Codec.packaged(), rules=EAGER).seal_due()
    pruned = await service.pruning.prune(project_id, POLICY, Scope(), dry_run=False)
    return sealed + sum(each.snapshot_count for each in pruned.executions)


def service_over(database: Database) -> Assembly:
    """Returns the service's parts; nothing of it is served."""
    return assembled(
        database=database,
        cursors=Cursors("a secret of nobody"),
        clock=lambda: datetime.now(UTC),
        cache_bytes=1 << 20,
    )


async def main(database_url: str, project_id: UUID) -> None:
    """Works until it is killed."""
    database = await Database.connect(database_url, room=ROOM)
    service = service_over(database)
    while True:
        sys.stdout.write(f"{BEGIN}\n")
        sys.stdout.flush()
        await work_off(database, service, project_id)
        sys.stdout.write(f"{END}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2])))
