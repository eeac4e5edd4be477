"""Taking back what was written: the last first, and each to what was there before."""

from __future__ import annotations

from dataclasses import replace

from timeloom_migration.limits import BATCH_ITEMS_MAX
from timeloom_migration.model import Migration, Stage, StoredItem
from timeloom_migration.phases.batch import (
    Batch,
    NewConflict,
    Work,
    decoded,
    of_one_target,
    shown,
    write_id_of,
)
from timeloom_migration.planning.model import Table
from timeloom_migration.storage import items as storage
from timeloom_migration.targets.target import Outcome, Restoration, Wanted


class Restoring:
    """Takes back a batch of items."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, migration: Migration) -> Batch:
        """Takes back the last items that are not taken back yet; what somebody changed since stays."""
        async with self._work.database.reading(str(migration.project_id)) as connection:
            items = of_one_target(
                await storage.select_written(
                    connection, migration.project_id, migration.id, limit=BATCH_ITEMS_MAX
                )
            )
        if not items:
            return Batch(position=migration.position, is_last=True)
        target = self._work.targets[Table(items[0].table)]
        results = await target.restore([_restoration(migration, each) for each in items])
        changed = [
            item for item, result in zip(items, results, strict=True) if result.outcome is not Outcome.DONE
        ]
        return Batch(
            items=[replace(each, stage=Stage.TAKEN_BACK) for each in items],
            conflicts=await self._conflicts(changed),
            position=migration.position + len(items),
            is_last=False,
        )

    async def _conflicts(self, changed: list[StoredItem]) -> list[NewConflict]:
        if not changed:
            return []
        found = await self._work.targets[Table(changed[0].table)].read(
            [
                Wanted(table=each.table, id=each.target_id, fields=decoded(each.fields))
                for each in changed
                if each.target_id is not None
            ]
        )
        return [
            NewConflict(
                item_number=item.number,
                existing=shown(there.fields) if there else None,
                incoming=shown(decoded(item.fields)),
                from_rollback=True,
            )
            for item, there in zip(changed, found, strict=True)
        ]


def _restoration(migration: Migration, item: StoredItem) -> Restoration:
    assert item.target_id is not None
    return Restoration(
        table=item.table,
        id=item.target_id,
        write_id=write_id_of(migration, item.number),
        mark=item.mark,
        fields=decoded(item.fields),
        image=item.before or "",
    )
