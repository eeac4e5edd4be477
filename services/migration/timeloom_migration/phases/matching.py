"""From items to a plan: what is there, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from timeloom_migration.limits import BATCH_ITEMS_MAX
from timeloom_migration.model import Migration, Stage, StoredItem
from timeloom_migration.phases.batch import Batch, NewConflict, Work, decoded, encoded, of_one_target, shown
from timeloom_migration.planning.deciding import decide
from timeloom_migration.planning.model import Action, Existing, Item, Resolution, Resource, Table
from timeloom_migration.storage import items as storage
from timeloom_migration.targets.target import Found, Wanted

_TWIN: Final = "the export has it twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Items with what becomes of them, and the conflicts that a person has to decide."""

    items: list[StoredItem] = field(default_factory=list[StoredItem])
    conflicts: list[NewConflict] = field(default_factory=list[NewConflict])


class Matching:
    """Plans a batch of items."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, migration: Migration) -> Batch:
        """Plans the next items."""
        items = await self.unmatched(migration)
        if not items:
            return Batch(position=migration.item_count, is_last=True)
        matched = await self.match(migration, items)
        return Batch(
            items=matched.items,
            conflicts=matched.conflicts,
            position=migration.position + len(items),
            is_last=False,
        )

    async def unmatched(self, migration: Migration) -> list[StoredItem]:
        """Returns the next items that are to be planned."""
        async with self._work.database.reading(str(migration.project_id)) as connection:
            return of_one_target(
                await storage.select_stages(
                    connection,
                    migration.project_id,
                    migration.id,
                    stages=(Stage.READ,),
                    limit=BATCH_ITEMS_MAX,
                )
            )

    async def match(self, migration: Migration, items: Sequence[StoredItem]) -> Matched:
        """Returns items of one target with what becomes of them."""
        wanted = [
            Wanted(table=each.table, id=each.source_target_id, fields=decoded(each.source_fields))
            for each in items
            if each.source_target_id is not None
        ]
        found = await self._work.targets[Table(items[0].table)].find(wanted)
        async with self._work.database.reading(str(migration.project_id)) as connection:
            twins = await storage.select_twins(connection, migration.project_id, migration.id, items)
        matched = Matched()
        for item, each, there in zip(items, wanted, found, strict=True):
            decided = _decided(
                migration,
                item,
                each,
                there if item.table != Table.MUTATIONS else None,
                has_twin=item.number in twins,
            )
            is_as_read = decided.fields is each.fields
            fields = item.source_fields if is_as_read else encoded(decided.fields)
            matched.items.append(_planned(item, decided, fields, there))
            if decided.action is Action.ASK and there is not None:
                matched.conflicts.append(
                    NewConflict(
                        item_number=item.number, existing=shown(there.fields), incoming=shown(each.fields)
                    )
                )
        return matched


def _decided(
    migration: Migration, item: StoredItem, wanted: Wanted, there: Found | None, *, has_twin: bool
) -> Item:
    resource = Resource(
        record_index=item.record_index,
        key=item.key,
        family=item.family,
        source_id=item.source_id,
        table=Table(item.table),
        target_id=wanted.id,
        fields=wanted.fields,
        update_time=item.source_update_time,
        reason=item.source_reason,
    )
    resolution = item.resolution or migration.conflict_resolution
    if item.table == Table.MEMORIES and resolution in {Resolution.OVERWRITE, Resolution.MERGE}:
        # What is remembered is never rewritten: both stay.
        resolution = Resolution.RENAME
    existing = (
        Existing(id=there.id, fields=there.fields, update_time=there.update_time)
        if there is not None
        else None
    )
    if existing is None and has_twin:
        if item.table == Table.PREFERENCES:
            return Item(action=Action.SKIP, target_id=wanted.id, fields={}, reason=_TWIN)
        # Nothing of this name is there yet, but another one of the export will be.
        existing = Existing(id=wanted.id, fields={}, update_time="")
        resolution = Resolution.RENAME
    return decide(resource, existing, resolution=resolution, migration_id=migration.id)


def _planned(item: StoredItem, decided: Item, fields: str, there: Found | None) -> StoredItem:
    is_of_existing = decided.action in {Action.MERGE, Action.OVERWRITE} and there is not None
    return replace(
        item,
        action=decided.action,
        target_id=decided.target_id,
        fields=fields,
        changed=decided.changed,
        reason=decided.reason,
        stage=Stage.PLANNED,
        existing_mark=there.mark if is_of_existing and there is not None else "",
        before=None,
        mark="",
    )
