"""Resources of one export that are in each other's way: the same id twice, or the same name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from timeloom_migration.planning import merging
from timeloom_migration.planning.deciding import renamed
from timeloom_migration.planning.model import Action, Resource, Table

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def settle(resources: Iterable[Resource]) -> list[Resource]:
    """Return resources with at most one for each id and each name, in their order.

    Of two with one id, the one that was changed last counts, and the first if nobody knows; the other is
    skipped. Of two with one name, the second gets another name. Settled ones stay as they are.
    """
    result = list(resources)
    _settle_ids(result)
    _settle_names(result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    table: Table
    target_id: UUID


def _settle_ids(resources: list[Resource]) -> None:
    holders: dict[_Place, int] = {}
    for index, resource in enumerate(resources):
        place = _place(resource)
        if place is None:
            continue
        holder = holders.setdefault(place, index)
        if holder == index:
            continue
        other = resources[holder]
        is_same = not merging.differing(resource.fields, other.fields) and not merging.differing(
            other.fields, resource.fields
        )
        if is_same:
            resources[index] = _skipped(resource, "occurs twice in the export, with the same content")
        elif _changed(resource) > _changed(other):
            resources[holder] = _skipped(other, "occurs twice in the export; the other one is newer")
            holders[place] = index
        else:
            resources[index] = _skipped(resource, "occurs twice in the export; the other one counts")


def _settle_names(resources: list[Resource]) -> None:
    taken: set[tuple[str, ...]] = set()
    for index, resource in enumerate(resources):
        name = _unique_name(resource)
        if name is None or resource.target_id is None:
            continue
        if name in taken:
            again = renamed(resource.fields, resource.table, resource.target_id)
            why = "its name occurs twice in the export; it got another one"
            reason = f"{why}; {resource.reason}" if resource.reason else why
            resources[index] = replace(resource, fields=again, reason=reason)
        taken.add(name)


def _place(resource: Resource) -> _Place | None:
    if resource.action is not None or resource.table is None or resource.target_id is None:
        return None
    return _Place(table=resource.table, target_id=resource.target_id)


def _unique_name(resource: Resource) -> tuple[str, ...] | None:
    """Return what the database has only once; None if there is nothing."""
    if resource.action is not None:
        return None
    fields = resource.fields
    match resource.table:
        case Table.ENVIRONMENTS:
            return (Table.ENVIRONMENTS, str(fields.get("name")))
        case Table.PREFERENCES:
            return (Table.PREFERENCES, str(fields.get("userId", "")), str(fields.get("key")))
        case Table.MEMORIES if fields.get("key"):
            return (Table.MEMORIES, str(fields.get("namespace")), str(fields.get("key")))
        case _:
            return None


def _changed(resource: Resource) -> datetime:
    return _EARLIEST if resource.update_time is None else datetime.fromisoformat(resource.update_time)


def _skipped(resource: Resource, reason: str) -> Resource:
    return replace(resource, action=Action.SKIP, fields={}, reason=reason)
