"""Writing what is planned: what is there is kept first, then it is written, then noted what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from timeloom_migration.limits import BATCH_ITEMS_MAX
from timeloom_migration.model import Migration, Stage, StoredItem
from timeloom_migration.phases.batch import Batch, Work, decoded, of_one_target, write_id_of
from timeloom_migration.phases.matching import Matching
from timeloom_migration.planning.model import PLACEHOLDER_PREFIX, WRITING, Action, Table
from timeloom_migration.storage import items as storage
from timeloom_migration.storage import records
from timeloom_migration.targets.target import Outcome, Result, Wanted, Write
from timeloom_migration.uploads import secret_place

_PLACEHOLDER: Final = re.compile(re.escape(PLACEHOLDER_PREFIX) + r"(\d{1,6})/(\d{1,9})")


class Writing:
    """Writes a batch of items."""

    def __init__(self, work: Work, matching: Matching) -> None:
        self._work = work
        self._matching = matching

    async def step(self, migration: Migration) -> Batch:
        """Writes the next items, or plans those anew that somebody changed meanwhile."""
        unmatched = await self._matching.unmatched(migration)
        if unmatched:
            matched = await self._matching.match(migration, unmatched)
            return Batch(
                items=matched.items,
                conflicts=matched.conflicts,
                position=migration.position,
                is_last=False,
            )
        items = await self._next(migration)
        if not items:
            return Batch(position=migration.item_count, is_last=True)
        idle = [each for each in items if each.action not in WRITING]
        if idle:
            done = [replace(each, stage=Stage.DONE) for each in idle]
            return Batch(items=done, position=migration.position + len(done), is_last=False)
        ready, changed = await self._looked_at(migration, items)
        results = await self._written(migration, ready)
        written = [_after(item, result) for item, result in zip(ready, results, strict=True)]
        count = sum(each.stage is Stage.DONE for each in written)
        return Batch(items=[*written, *changed], position=migration.position + count, is_last=False)

    async def _next(self, migration: Migration) -> list[StoredItem]:
        async with self._work.database.reading(str(migration.project_id)) as connection:
            items = await storage.select_stages(
                connection,
                migration.project_id,
                migration.id,
                stages=(Stage.PLANNED, Stage.LOOKED_AT),
                limit=BATCH_ITEMS_MAX,
                but=Action.ASK,
            )
        if items and items[0].action not in WRITING:
            return [each for each in items if each.action not in WRITING]
        # Idle ones between those that are written would end the batch for nothing.
        return of_one_target([each for each in items if each.action in WRITING])

    async def _looked_at(
        self, migration: Migration, items: Sequence[StoredItem]
    ) -> tuple[list[StoredItem], list[StoredItem]]:
        """Keeps what is there, before it is touched.

        Returns:
            What can be written, and what is to be planned anew.
        """
        fresh = [each for each in items if each.stage is Stage.PLANNED]
        ready = [each for each in items if each.stage is Stage.LOOKED_AT]
        changed: list[StoredItem] = []
        if not fresh:
            return ready, changed
        table = Table(fresh[0].table)
        if table is Table.MEMORIES:
            # They are only ever created.
            looked = [replace(each, stage=Stage.LOOKED_AT, before="") for each in fresh]
        else:
            looked = list[StoredItem]()
            found = await self._work.targets[table].read([_wanted(each) for each in fresh])
            for item, there in zip(fresh, found, strict=True):
                mark = there.mark if there else ""
                if table is not Table.MUTATIONS and mark != item.existing_mark:
                    changed.append(replace(item, stage=Stage.READ, action=None))
                    continue
                before = there.image if there else ""
                looked.append(
                    replace(item, stage=Stage.LOOKED_AT, before=before, existing_mark=item.existing_mark)
                )
        async with self._work.database.transaction(str(migration.project_id)) as connection:
            await storage.update(connection, migration.project_id, migration.id, looked)
        return [*ready, *looked], changed

    async def _written(self, migration: Migration, items: Sequence[StoredItem]) -> list[Result]:
        if not items:
            return []
        secrets = await self._secrets(migration, items)
        return await self._work.targets[Table(items[0].table)].write(
            [_write(migration, each, secrets) for each in items]
        )

    async def _secrets(self, migration: Migration, items: Sequence[StoredItem]) -> Mapping[str, str]:
        """Returns the secrets that environments among these items have, by their placeholders."""
        wanted: set[tuple[int, int]] = set()
        for item in items:
            if item.table == Table.ENVIRONMENTS:
                for text in decoded(item.fields).get("secrets", {}).values():
                    found = _PLACEHOLDER.fullmatch(str(text))
                    if found:
                        wanted.add((int(found[1]), int(found[2])))
        if not wanted:
            return {}
        opened: dict[str, str] = {}
        async with self._work.database.transaction(str(migration.project_id)) as connection:
            for each in await records.select_secrets(
                connection, migration.project_id, migration.id, {index for index, _ in wanted}
            ):
                if (each.record_index, each.number) in wanted:
                    place = secret_place(migration.id, each.record_index, each.number)
                    opened[
                        f"{PLACEHOLDER_PREFIX}{each.record_index}/{each.number}"
                    ] = await self._work.opening.open(connection, migration.project_id, place, each.sealed)
        return opened


def _wanted(item: StoredItem) -> Wanted:
    assert item.target_id is not None
    return Wanted(table=item.table, id=item.target_id, fields=decoded(item.fields))


def _write(migration: Migration, item: StoredItem, secrets: Mapping[str, str]) -> Write:
    assert item.target_id is not None
    fields: dict[str, Any] = decoded(item.fields)
    return Write(
        table=item.table,
        id=item.target_id,
        write_id=write_id_of(migration, item.number),
        base_mark=item.existing_mark,
        fields=fields,
        secrets={
            name: secrets[text]
            for name, text in fields.get("secrets", {}).items()
            if isinstance(text, str) and text in secrets
        },
    )


def _after(item: StoredItem, result: Result) -> StoredItem:
    match result.outcome:
        case Outcome.DONE:
            return replace(item, stage=Stage.DONE, mark=result.mark)
        case Outcome.CHANGED:
            return replace(item, stage=Stage.READ, action=None, before=None)
        case Outcome.REFUSED:
            return replace(item, stage=Stage.DONE, action=Action.REFUSE, reason=result.reason, before=None)
