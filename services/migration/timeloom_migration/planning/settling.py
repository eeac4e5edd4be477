"""Resources of one export that have the same id: one of them counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from timeloom_migration.planning import merging
from timeloom_migration.planning.model import Action, Resource, Table

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def settle(resources: Iterable[Resource]) -> list[Resource]:
    """Return resources with at most one for each id, in their order.

    Of two with one id, the one that was changed last counts, and the first if nobody knows; the other is
    skipped. Settled ones stay as they are.
    """
    result = list(resources)
    holders: dict[tuple[Table, UUID], int] = {}
    for index, resource in enumerate(result):
        if resource.action is not None or resource.table is None or resource.target_id is None:
            continue
        place = (resource.table, resource.target_id)
        holder = holders.setdefault(place, index)
        if holder == index:
            continue
        other = result[holder]
        same = "occurs twice in the export, with the same content" if _is_same(resource, other) else ""
        if _changed(resource) > _changed(other):
            # Also if it is the same: a third one may be newer than the first, and older than this one.
            result[holder] = _skipped(other, same or "occurs twice in the export; the other one is newer")
            holders[place] = index
        else:
            result[index] = _skipped(resource, same or "occurs twice in the export; the other one counts")
    return result


def _is_same(one: Resource, other: Resource) -> bool:
    return not merging.differing(one.fields, other.fields) and not merging.differing(other.fields, one.fields)


def _changed(resource: Resource) -> datetime:
    return _EARLIEST if resource.update_time is None else datetime.fromisoformat(resource.update_time)


def _skipped(resource: Resource, reason: str) -> Resource:
    return replace(resource, action=Action.SKIP, fields={}, reason=reason)
