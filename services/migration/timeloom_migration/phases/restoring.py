"""Taking back what was written: the last first, and each to what was there before."""

from __future__ import annotations

from collections.abc import Sequence
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
from timeloom_migration.targets.target import Found, Outcome, Restoration, Target, Wanted


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
        done, changed = list[StoredItem](), list[StoredItem]()
        for item, result in zip(items, results, strict=True):
            (done if result.outcome is Outcome.DONE else changed).append(item)
        found = await there_now(target, changed) if changed else []
        return Batch(
            items=[
                *(replace(each, stage=Stage.TAKEN_BACK) for each in done),
                *map(left_alone, changed, found),
            ],
            conflicts=[
                NewConflict(
                    item_number=item.number,
                    existing=shown(there.fields) if there else None,
                    incoming=shown(decoded(item.fields)),
                    from_rollback=True,
                )
                for item, there in zip(changed, found, strict=True)
            ],
            position=migration.position + len(items),
            is_last=False,
        )


async def there_now(target: Target, items: Sequence[StoredItem]) -> list[Found | None]:
    """Returns what is there in the places of items that were written."""
    return await target.read(
        [
            Wanted(table=each.table, id=each.target_id, fields=decoded(each.fields))
            for each in items
            if each.target_id is not None
        ]
    )


def left_alone(item: StoredItem, there: Found | None) -> StoredItem:
    """Returns an item that stays as somebody made it: its mark says what they are asked about."""
    return replace(item, stage=Stage.TAKEN_BACK, mark=there.mark if there else "")


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
