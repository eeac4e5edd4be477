"""From records to items, a bounded part of the export at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from timeloom_migration.families.keys import recognise
from timeloom_migration.limits import ITEMS_MAX, READ_BYTES_MAX, READ_RECORDS_MAX
from timeloom_migration.model import Migration, Stage, StoredItem
from timeloom_migration.phases.batch import Batch, Part, Work, decoded, encoded
from timeloom_migration.planning.model import Action, Context, Family, Fields, Json, Record, Resource, Table
from timeloom_migration.planning.settling import settle
from timeloom_migration.storage import items as storage
from timeloom_migration.storage import records
from timeloom_migration.storage.records import StoredRecord
from timeloom_migration.transformers.reading import is_readable, transform
from timeloom_platform.database import Connection

_NUL: Final = "\x00"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class TooManyItemsError(Exception):
    """The export contains more resources than a migration may have."""


class Reading:
    """Reads a part of the records; the migration's position is the index of the next one."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def step(self, migration: Migration) -> Batch:
        """Makes items of the next records; the first part begins anew.

        Raises:
            TooManyItemsError: There are more than a migration may have.
        """
        async with self._work.database.reading(str(migration.project_id)) as connection:
            read, originals = await _next(connection, migration)
            last = await _last_number(connection, migration)
        resources = await asyncio.to_thread(_resources_of, read, originals, _context(migration))
        if last + len(resources) > ITEMS_MAX:
            raise TooManyItemsError(f"The records contain more than {ITEMS_MAX} resources.")
        items = await asyncio.to_thread(_items_of, resources, last)
        holders: Sequence[StoredItem] = ()
        if last:
            async with self._work.database.reading(str(migration.project_id)) as connection:
                holders = await storage.select_holders(
                    connection,
                    migration.project_id,
                    migration.id,
                    [each for each in items if each.source_action is None],
                )
        part = await asyncio.to_thread(_settled, holders, resources, items)
        position = migration.position + len(read)
        is_last = position >= migration.record_count
        return Batch(
            part=part,
            position=position,
            is_last=is_last,
            item_count=last + len(items) if is_last else None,
        )


async def _next(
    connection: Connection, migration: Migration
) -> tuple[list[StoredRecord], list[StoredRecord]]:
    """Returns the next records, and what those of them that are backups are copies of."""
    read = await records.select_part(
        connection,
        migration.project_id,
        migration.id,
        first=migration.position,
        count=READ_RECORDS_MAX,
        bytes_max=READ_BYTES_MAX,
    )
    names = {name for each in read if (name := _original_of(each)) is not None}
    if not names:
        return read, []
    return read, await records.select_named(connection, migration.project_id, migration.id, names)


async def _last_number(connection: Connection, migration: Migration) -> int:
    """Returns how many items were read before; those of an earlier plan do not count."""
    if migration.position == 0:
        return 0
    return await storage.last_number(connection, migration.project_id, migration.id)


def _original_of(kept: StoredRecord) -> tuple[str, str] | None:
    found = recognise(Record(index=kept.index, store=kept.store, key=kept.key, value=None))
    return (kept.store, found.original_key) if found.family is Family.BACKUP else None


def _resources_of(
    read: Sequence[StoredRecord], originals: Sequence[StoredRecord], context: Context
) -> list[Resource]:
    """Returns what records contain; one more than there may be at most."""
    readable = frozenset((each.store, each.key) for each in map(_record, originals) if is_readable(each))

    def each_one() -> Iterator[Resource]:
        for each in read:
            yield from transform(_record(each), context, readable=readable)

    return list(islice(each_one(), ITEMS_MAX + 1))


def _record(kept: StoredRecord) -> Record:
    return Record(index=kept.index, store=kept.store, key=kept.key, value=msgspec.json.decode(kept.value))


def _items_of(resources: Sequence[Resource], last: int) -> list[StoredItem]:
    return [_item(number, each) for number, each in enumerate(resources, last + 1)]


def _settled(
    holders: Sequence[StoredItem], resources: Sequence[Resource], items: Sequence[StoredItem]
) -> Part:
    """Returns the items of a part, and those read before that do not count any more: one of each id does.

    Args:
        holders: Of those read before, what counts until now under the ids of this part.
        resources: What the part contains.
        items: The same, as items.
    """
    settled = settle([*map(_resource, holders), *resources])
    return Part(
        settled=[
            _item(holder.number, each)
            for holder, each in zip(holders, settled[: len(holders)], strict=True)
            if each.action is not None
        ],
        items=[
            item if each is was else _item(item.number, each)
            for item, was, each in zip(items, resources, settled[len(holders) :], strict=True)
        ],
    )


def _resource(item: StoredItem) -> Resource:
    """Returns what an item was made of."""
    return Resource(
        record_index=item.record_index,
        key=item.key,
        family=item.family,
        source_id=item.source_id,
        table=Table(item.table),
        target_id=UUID(item.unique_name) if item.table == Table.MUTATIONS else item.source_target_id,
        fields=decoded(item.source_fields),
        update_time=item.source_update_time,
        reason=item.source_reason,
    )


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
        # What it is about: it is taken back as that record.
        target_id = UUID(str(fields.get("recordId", "")))
    reason = _keepable(resource.reason)
    return StoredItem(
        number=number,
        record_index=resource.record_index,
        key=_keepable(resource.key),
        family=resource.family,
        source_id=_keepable(resource.source_id),
        table=resource.table or "",
        source_target_id=target_id,
        unique_name=_unique_name(resource, fields),
        source_fields=encoded(fields),
        source_action=decided,
        source_reason=reason,
        source_update_time=resource.update_time,
        action=decided,
        target_id=None if decided in {Action.KEEP, Action.REFUSE} else target_id,
        reason=reason if decided else "",
        stage=Stage.PLANNED if decided else Stage.READ,
    )


def _unique_name(resource: Resource, fields: Fields) -> str:
    """Returns what only one resource may have, with what it has to be alone in."""
    given = cast("dict[str, Any]", fields)
    match resource.table:
        case Table.ENVIRONMENTS:
            name = given.get("name")
        case Table.PREFERENCES:
            name = given.get("key") and f"{given.get('userId', '')}\n{given['key']}"
        case Table.MEMORIES:
            name = given.get("key") and f"{given.get('namespace', '')}\n{given['key']}"
        case Table.MUTATIONS:
            name = resource.target_id
        case _:
            name = ""
    return _keepable(str(name or ""))


def _keepable(text: str) -> str:
    return text.replace(_NUL, _REPLACEMENT)
