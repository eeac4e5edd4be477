"""Mutations that an app had queued while it was offline, in the order in which it had made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid5

from timeloom_migration.families import keys
from timeloom_migration.planning.model import Context, Json, Table
from timeloom_migration.transformers import agent_sessions, environments, preferences, tasks, values
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.source import Source

COUNTER_MAX: Final = 999_999

OPERATIONS: Final = {
    "INSERT": "MUTATION_OPERATION_INSERT",
    "CREATE": "MUTATION_OPERATION_INSERT",
    "ADD": "MUTATION_OPERATION_INSERT",
    "UPSERT": "MUTATION_OPERATION_INSERT",
    "UPDATE": "MUTATION_OPERATION_UPDATE",
    "PATCH": "MUTATION_OPERATION_UPDATE",
    "DELETE": "MUTATION_OPERATION_DELETE",
    "REMOVE": "MUTATION_OPERATION_DELETE",
}
TABLES: Final = {
    "tasks": Table.TASKS,
    "environments": Table.ENVIRONMENTS,
    "preferences": Table.PREFERENCES,
    "userpreferences": Table.PREFERENCES,
    "agentsessions": Table.AGENT_SESSIONS,
}
_KINDS: Final = {
    Table.TASKS: tasks,
    Table.ENVIRONMENTS: environments,
    Table.PREFERENCES: preferences,
    Table.AGENT_SESSIONS: agent_sessions,
}
_DELETE: Final = "MUTATION_OPERATION_DELETE"
_INSERT: Final = "MUTATION_OPERATION_INSERT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A mutation, and whether its table is one of another application."""

    draft: Draft
    is_foreign: bool = False


def read(source: Source, context: Context, *, source_id: str, position: int) -> Queued:
    """Return an operation of a queue as a mutation.

    Args:
        source: The operation.
        context: Of the migration.
        source_id: What the operation was called.
        position: Its place in the queue, from 0 on.
    """
    draft = Draft()
    name = source.take("table", "tableName", "collection")
    table = TABLES.get(keys.plain(name)) if isinstance(name, str) else None
    if table is None:
        draft.remark("table", "is none that there is here")
        return Queued(draft=draft, is_foreign=True)
    draft.choice("operation", source.take("operation", "type", "op", "action"), OPERATIONS)
    draft.rest.clear()
    operation = draft.fields.get("operation")
    data = source.take("data", "value", "record", "payload", "changes")
    given = data if isinstance(data, dict) else {}
    inner = Source(given)
    record = values.identifier(inner.take("id")) or values.identifier(source.take("recordId", "key", "rowId"))
    if operation is None:
        draft.refuse("operation", "is none of insert, update and delete")
    elif not record:
        draft.refuse("recordId", "is missing")
    elif operation != _DELETE and not given:
        draft.refuse("value", "is missing")
    if draft.refusal:
        return Queued(draft=draft)
    draft.fields.update(
        id=str(uuid5(values.target_id(context, Table.MUTATIONS, source_id), context.migration_id.hex)),
        table=table.value,
        recordId=str(values.target_id(context, table, record)),
        clock=_clock(source.take("timestamp", "createdAt"), context, position),
    )
    user_id = context.user_id
    if user_id:
        draft.fields["userId"] = user_id
    if operation != _DELETE:
        _set_value(inner, draft, context, table, is_whole=operation == _INSERT)
    return Queued(draft=draft)


def _set_value(source: Source, draft: Draft, context: Context, table: Table, *, is_whole: bool) -> None:
    """Set what a mutation sets: the fields that it names, and for a whole record what it must have."""
    kind = _KINDS[table]
    inner = Draft()
    source.take("createdAt", "updatedAt", "createTime", "updateTime")
    kind.read(source, inner, context)
    metadata = source.take("metadata")
    # It replaces what is there: only a whole record, or one that says so, sets it.
    if table is not Table.PREFERENCES and (is_whole or metadata is not None):
        inner.metadata(metadata, source.rest())
    if is_whole:
        kind.complete(inner, context)
    if inner.refusal:
        draft.refuse("value", inner.refusal)
    elif not inner.fields:
        draft.refuse("value", "has nothing that is known here")
    draft.remarks.extend(inner.remarks)
    draft.fields["value"] = inner.fields


def _clock(timestamp: Json, context: Context, position: int) -> str:
    moment = values.moment(timestamp)
    milliseconds = 0 if moment is None else values.milliseconds(moment)
    return f"{milliseconds:015d}-{min(position, COUNTER_MAX):06d}-migration-{context.migration_id.hex[:12]}"
