"""From records to items."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from timeloom_migration.limits import ITEMS_MAX
from timeloom_migration.model import Migration, Stage, StoredItem
from timeloom_migration.phases.batch import Batch, Work, encoded
from timeloom_migration.planning.model import Action, Context, Fields, Json, Record, Resource, Table
from timeloom_migration.planning.settling import settle
from timeloom_migration.storage import items as storage
from timeloom_migration.storage import records
from timeloom_migration.storage.records import StoredRecord
from timeloom_migration.transformers.reading import is_readable, transform

_NUL: Final = "\x00"


class TooManyItemsError(Exception):
    """The export contains more resources than a migration may have."""


class Reading:
    """Reads all records at once: one may be a copy of another."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, migration: Migration) -> Batch:
        """Makes the items of a migration anew.

        Raises:
            TooManyItemsError: There are more than a migration may have.
        """
        project = str(migration.project_id)
        async with self._work.database.reading(project) as connection:
            kept = await records.select_all(connection, migration.project_id, migration.id)
        items = await asyncio.to_thread(items_of, kept, _context(migration))
        async with self._work.database.transaction(project) as connection:
            await storage.forget(connection, migration.project_id, migration.id)
            await storage.insert(connection, migration.project_id, migration.id, items)
        return Batch(position=0, is_last=True, item_count=len(items))


def items_of(kept: Sequence[StoredRecord], context: Context) -> list[StoredItem]:
    """Returns the items of an export, numbered from 1 on."""
    items: list[StoredItem] = []
    for resource in settle(islice(_resources(kept, context), ITEMS_MAX + 1)):
        if len(items) == ITEMS_MAX:
            raise TooManyItemsError(f"The records contain more than {ITEMS_MAX} resources.")
        items.append(_item(len(items) + 1, resource))
    return items


def _resources(kept: Sequence[StoredRecord], context: Context) -> Iterator[Resource]:
    read = [
        Record(index=each.index, store=each.store, key=each.key, value=msgspec.json.decode(each.value))
        for each in kept
    ]
    readable = frozenset((each.store, each.key) for each in read if is_readable(each))
    for record in read:
        yield from transform(record, context, readable=readable)


def _context(migration: Migration) -> Context:
    return Context(
        migration_id=migration.id,
        origin=migration.source.origin,
        app=migration.source.app,
        user_id=migration.source.user_id,
        secret_policy=migration.secret_policy,
    )


def _item(number: int, resource: Resource) -> StoredItem:
    decided = resource.action
    fields: Fields = resource.fields if decided is None else dict[str, Json]()
    target_id = resource.target_id
    if resource.table is Table.MUTATIONS and decided is None:
        target_id = UUID(str(fields.get("recordId", "")))
    return StoredItem(
        number=number,
        record_index=resource.record_index,
        key=resource.key.replace(_NUL, "\N{REPLACEMENT CHARACTER}"),
        family=resource.family,
        source_id=resource.source_id.replace(_NUL, "\N{REPLACEMENT CHARACTER}"),
        table=resource.table or "",
        source_target_id=target_id,
        unique_name=_unique_name(resource.table, fields),
        source_fields=encoded(fields),
        source_action=decided,
        source_reason=resource.reason.replace(_NUL, "\N{REPLACEMENT CHARACTER}"),
        source_update_time=resource.update_time,
        action=decided,
        target_id=None if decided in {Action.KEEP, Action.REFUSE} else target_id,
        reason=resource.reason.replace(_NUL, "\N{REPLACEMENT CHARACTER}") if decided else "",
        stage=Stage.PLANNED if decided else Stage.READ,
    )


def _unique_name(table: Table | None, fields: Fields) -> str:
    """Returns what only one resource may have, with what it has to be alone in."""
    given = cast("dict[str, Any]", fields)
    match table:
        case Table.ENVIRONMENTS:
            name = given.get("name")
        case Table.PREFERENCES:
            name = given.get("key") and f"{given.get('userId', '')}\n{given['key']}"
        case Table.MEMORIES:
            name = given.get("key") and f"{given.get('namespace', '')}\n{given['key']}"
        case _:
            name = ""
    return str(name or "").replace(_NUL, "\N{REPLACEMENT CHARACTER}")
