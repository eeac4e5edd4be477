"""What becomes of a resource, given what is there: the plan, one item at a time."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from timeloom_migration.planning import merging
from timeloom_migration.planning.model import (
    Action,
    Existing,
    Fields,
    Item,
    Json,
    Resolution,
    Resource,
    Table,
)

_NAME_FIELDS: Final = {
    Table.TASKS: ("title", 500),
    Table.ENVIRONMENTS: ("name", 200),
    Table.PREFERENCES: ("key", 500),
    Table.AGENT_SESSIONS: ("title", 500),
    Table.MEMORIES: ("key", 500),
}
"""What people, and unique constraints, know a resource by, and how long it may be."""


_ACTIONS: Final = {
    Resolution.SKIP: (Action.SKIP, "another one is there, and stays"),
    Resolution.ASK: (Action.ASK, "another one is there"),
    Resolution.OVERWRITE: (Action.OVERWRITE, "it takes the place of what is there"),
}


def decide(
    resource: Resource, existing: Existing | None, *, resolution: Resolution, migration_id: UUID
) -> Item:
    """Return what becomes of a resource.

    Args:
        resource: As its record has it.
        existing: What is there under its id, or else under its name; None if nothing is.
        resolution: What becomes of one that is there already and differs.
        migration_id: Renamed resources are called by it, so that each migration has its own.
    """
    if resource.action is not None:
        return Item(action=resource.action, target_id=resource.target_id, fields={}, reason=resource.reason)
    if existing is None:
        return Item(
            action=Action.CREATE,
            target_id=resource.target_id,
            fields=resource.fields,
            reason=resource.reason,
        )
    changed = merging.differing(resource.fields, existing.fields)
    if not changed:
        return _item(Action.SKIP, resource, "the same is there already", target_id=existing.id)
    if resolution is Resolution.MERGE:
        return _merge(resource, existing)
    if resolution is Resolution.RENAME:
        return _rename(resource, migration_id, changed)
    action, why = _ACTIONS[resolution]
    fields = None if action is Action.SKIP else resource.fields
    return _item(action, resource, why, target_id=existing.id, fields=fields, changed=changed)


def _merge(resource: Resource, existing: Existing) -> Item:
    newer = merging.is_newer(resource.update_time, existing.update_time)
    fields = merging.merge(resource.fields, existing.fields, is_newer=newer)
    if not fields:
        return _item(Action.SKIP, resource, "what is there has all of it, or is newer", target_id=existing.id)
    which = "it is newer than what is there" if newer else "what is there is newer"
    return _item(
        Action.MERGE, resource, which, target_id=existing.id, fields=fields, changed=tuple(sorted(fields))
    )


def _rename(resource: Resource, migration_id: UUID, changed: tuple[str, ...]) -> Item:
    assert resource.target_id is not None
    target_id = uuid5(resource.target_id, migration_id.hex)
    return _item(
        Action.RENAME,
        resource,
        "another one is there; both stay",
        target_id=target_id,
        fields=renamed(resource.fields, resource.table, target_id),
        changed=changed,
    )


def renamed(fields: Fields, table: Table | None, target_id: UUID) -> dict[str, Json]:
    """Return a resource's fields under a name that nothing else has: its own with a part of its new id."""
    result = dict(fields)
    field, length_max = _NAME_FIELDS.get(table, ("", 0)) if table is not None else ("", 0)
    name = result.get(field)
    if isinstance(name, str) and name:
        ending = f" ({target_id.hex[:8]})"
        result[field] = name[: length_max - len(ending)] + ending
    return result


def _item(
    action: Action,
    resource: Resource,
    why: str,
    *,
    target_id: UUID,
    fields: Fields | None = None,
    changed: tuple[str, ...] = (),
) -> Item:
    reason = f"{why}; {resource.reason}" if resource.reason else why
    return Item(action=action, target_id=target_id, fields=fields or {}, changed=changed, reason=reason)
