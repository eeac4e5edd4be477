"""Comparing what was migrated with what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from timeloom_migration.limits import BATCH_ITEMS_MAX, PROBLEMS_KEPT_MAX
from timeloom_migration.model import Migration, Problem, Stage, StoredItem, Verification
from timeloom_migration.phases.batch import Batch, Work, decoded, of_one_target
from timeloom_migration.planning import merging
from timeloom_migration.planning.model import WRITING, Table
from timeloom_migration.storage import items as storage
from timeloom_migration.targets import memories
from timeloom_migration.targets.target import Found, Wanted

_MISSING: Final = "it is not there"


class Verifying:
    """Verifies a batch of items."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, migration: Migration) -> Batch:
        """Verifies the next items; the migration's position is the number of the last one."""
        before = migration.verification if migration.position else None
        verification = before or Verification(time=self._work.clock())
        async with self._work.database.reading(str(migration.project_id)) as connection:
            items = await storage.select_after(
                connection,
                migration.project_id,
                migration.id,
                number=migration.position,
                limit=BATCH_ITEMS_MAX,
            )
        if not items:
            return Batch(position=migration.item_count, is_last=True, verification=verification)
        if not _is_written(items[0]):
            idle = next((place for place, each in enumerate(items) if _is_written(each)), len(items))
            return Batch(position=items[idle - 1].number, is_last=False, verification=verification)
        batch = of_one_target(items)
        written = [each for each in batch if _is_written(each)]
        problems = await self._problems(migration, written)
        return Batch(
            position=batch[-1].number,
            is_last=False,
            verification=Verification(
                checked_count=verification.checked_count + len(written),
                problem_count=verification.problem_count + len(problems),
                problems=(*verification.problems, *problems)[:PROBLEMS_KEPT_MAX],
                time=self._work.clock(),
            ),
        )

    async def _problems(self, migration: Migration, items: Sequence[StoredItem]) -> list[Problem]:
        table = Table(items[0].table)
        if table is Table.MUTATIONS:
            # What they came to is the synchronisation's decision: that it was made is all there is to say.
            return []
        wanted = [
            Wanted(table=each.table, id=each.target_id, fields=decoded(each.fields))
            for each in items
            if each.target_id is not None
        ]
        found = await self._work.targets[table].read(wanted)
        async with self._work.database.reading(str(migration.project_id)) as connection:
            mutated = await storage.select_mutated(
                connection, migration.project_id, migration.id, [each.id for each in wanted]
            )
        problems: list[Problem] = []
        for item, meant, there in zip(items, wanted, found, strict=True):
            if meant.id in mutated:
                # The app's own later changes were applied to it.
                continue
            problem = _problem(table, meant.fields, there)
            if problem:
                problems.append(
                    Problem(
                        item_number=item.number, table=item.table, target_id=str(meant.id), problem=problem
                    )
                )
        return problems


def _is_written(item: StoredItem) -> bool:
    return item.action in WRITING and item.stage is Stage.DONE


def _problem(table: Table, meant: Any, there: Found | None) -> str:
    if there is None:
        return _MISSING
    if table is Table.MEMORIES:
        names: Sequence[str] = memories.differing(meant, there.fields)
    else:
        names = merging.differing(meant, there.fields)
    return f"it differs: {', '.join(names)}" if names else ""
