"""From a record to its resources, whatever it is: nothing is dropped without a reason for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final, cast

from timeloom_migration.families import documents, keys
from timeloom_migration.families.documents import UnreadableError
from timeloom_migration.families.keys import Recognition
from timeloom_migration.families.secrets import placeholders
from timeloom_migration.planning.model import (
    PLACEHOLDER_PREFIX,
    Action,
    Context,
    Family,
    Json,
    Record,
    Resource,
    SecretPolicy,
    Table,
)
from timeloom_migration.transformers import (
    agent_sessions,
    environments,
    memories,
    offline_queue,
    preferences,
    shapes,
    tasks,
    values,
)
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.shapes import Found, UnknownShapeError
from timeloom_migration.transformers.source import Source

SOURCE_ID_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What makes resources of a family's items.

    Attributes:
        module: Reads an item's fields, and completes what it must have.
        names: What the member with the items may be called.
    """

    table: Table
    module: ModuleType
    names: tuple[str, ...]


_KINDS: Final = {
    Family.TASKS: _Kind(table=Table.TASKS, module=tasks, names=("tasks", "items")),
    Family.ENVIRONMENTS: _Kind(
        table=Table.ENVIRONMENTS, module=environments, names=("environments", "envs", "items")
    ),
    Family.AGENT_SESSIONS: _Kind(
        table=Table.AGENT_SESSIONS, module=agent_sessions, names=("sessions", "agentSessions", "items")
    ),
    Family.MEMORIES: _Kind(
        table=Table.MEMORIES, module=memories, names=("documents", "memories", "vectors", "items")
    ),
}


def is_readable(record: Record) -> bool:
    """Return whether a record of a family that is migrated can be read, so that no backup of it is needed."""
    recognition = keys.recognise(record)
    try:
        document = documents.read(record.value)
        kind = _KINDS.get(recognition.family)
        if kind is not None and not recognition.is_entry:
            shapes.take_apart(document, kind.names)
    except (UnreadableError, UnknownShapeError):
        return recognition.family is Family.PREFERENCES
    return True


def transform(
    record: Record, context: Context, *, readable: Collection[tuple[str, str]] = frozenset()
) -> list[Resource]:
    """Return what a record contains.

    Args:
        record: Without its secrets.
        context: Of the migration.
        readable: The stores and keys of all its records that `is_readable`: a backup is used where the
            record is missing here that it is a copy of.
    """
    reader = _Reader(record, context, keys.recognise(record))
    return [_by_policy(each, context) for each in reader.resources(readable)]


def _by_policy(resource: Resource, context: Context) -> Resource:
    """Refuse what holds a secret, if that is the policy."""
    if context.secret_policy is not SecretPolicy.REFUSE or resource.action is not None:
        return resource
    if not placeholders(cast("Json", resource.fields)):
        return resource
    return _decided(resource, Action.REFUSE, "holds a secret in clear")


def _decided(resource: Resource, action: Action, reason: str) -> Resource:
    return replace(resource, target_id=None, fields={}, update_time=None, action=action, reason=reason)


class _Reader:
    """Reads one record."""

    def __init__(self, record: Record, context: Context, recognition: Recognition) -> None:
        self._record = record
        self._context = context
        self._recognition = recognition

    def resources(self, readable: Collection[tuple[str, str]]) -> Iterator[Resource]:
        match self._recognition.family:
            case Family.CACHE:
                yield self._whole(Action.SKIP, "is a cache: it can be had again")
            case Family.UNKNOWN:
                sealed = ", but for what is secret in it" if placeholders(self._record.value) else ""
                yield self._whole(Action.KEEP, f"nobody knows what it is; it is kept as it came{sealed}")
            case Family.SECRET:
                yield self._secret()
            case Family.FORM:
                yield from self._form()
            case Family.BACKUP:
                yield from self._backup(readable)
            case family:
                yield from self._of(family)

    def _of(self, family: Family) -> Iterator[Resource]:
        if family is Family.PREFERENCES:
            yield from self._preferences()
            return
        try:
            document = documents.read(self._record.value)
            if family is Family.OFFLINE_QUEUE:
                yield from self._queue(shapes.take_apart(document, ("queue", "operations", "items")))
            elif family in _KINDS:
                yield from self._items(_KINDS[family], document)
        except (UnreadableError, UnknownShapeError) as error:
            yield self._whole(Action.REFUSE, f"value: {error}")

    def _items(self, kind: _Kind, document: Json) -> Iterator[Resource]:
        if self._recognition.is_entry:
            yield self._item(kind, Found(value=document, id=self._record.key), shared={})
            return
        shape = shapes.take_apart(document, kind.names)
        shared = {name: shape.left[name] for name in ("config",) if name in shape.left}
        for each in shape.items:
            yield self._item(kind, each, shared=shared)
        left = sorted(documents.keepable(name) for name in shape.left)
        if left:
            yield self._whole(Action.KEEP, f"has more than its {kind.names[0]}: {', '.join(left[:20])}")

    def _item(self, kind: _Kind, found: Found, *, shared: dict[str, Json]) -> Resource:
        if not isinstance(found.value, dict):
            return self._refused(kind.table, found.id or values.content_id(found.value), "is no object")
        source = Source(_with_model(found.value, shared))
        given = values.identifier(source.take("id", "taskId", "uuid", "_id")) or found.id
        source_id = given or values.content_id(found.value)
        draft = Draft()
        module = cast("Any", kind.module)
        if kind.table is Table.MEMORIES:
            draft.update_time = values.moment(_first(found.value, "updatedAt", "createdAt", "timestamp"))
        else:
            self._times(source, draft, given)
        module.read(source, draft, self._context)
        if kind.table is not Table.MEMORIES:
            draft.metadata(source.take("metadata"), source.rest())
        module.complete(draft, self._context)
        if not given:
            draft.remark("id", "is missing; it was made of the content")
        return self._made(kind.table, source_id, draft)

    def _times(self, source: Source, draft: Draft, given: str) -> None:
        """Keep when it was made and changed, which the server will not say, and what it was called."""
        created, updated = (
            source.take("createdAt", "created"),
            source.take("updatedAt", "updated", "lastModified"),
        )
        draft.update_time = values.moment(updated) or values.moment(created)
        for name, value in (("originalCreateTime", created), ("originalUpdateTime", updated)):
            if value is not None:
                moment = values.moment(value)
                draft.rest[name] = value if moment is None else values.rfc3339(moment)
        if given:
            draft.rest["originalLocalStorageId"] = given

    def _preferences(self) -> Iterator[Resource]:
        try:
            document = documents.read(self._record.value)
        except UnreadableError:
            # What is no JSON is a word, such as `dark`.
            document = self._record.value
        members = shapes.members_of(document)
        if members is None or self._recognition.is_entry:
            yield self._preference(self._record.key, document)
            return
        for name, value in members.items():
            yield self._preference(name, value)

    def _preference(self, key: str, value: Json) -> Resource:
        if isinstance(value, str) and value.startswith(PLACEHOLDER_PREFIX):
            return replace(self._secret(), source_id=_shown(key))
        return self._made(Table.PREFERENCES, key, preferences.made_of(key, value, self._context))

    def _form(self) -> Iterator[Resource]:
        """A half-filled form becomes a preference, under which its app finds it again."""
        try:
            value = documents.read(self._record.value)
        except UnreadableError:
            value = self._record.value
        key = f"form/{self._record.key[len('form_') :]}"
        yield self._made(Table.PREFERENCES, key, preferences.made_of(key, value, self._context))

    def _queue(self, shape: shapes.Shape) -> Iterator[Resource]:
        for position, found in enumerate(shape.items):
            if not isinstance(found.value, dict):
                yield self._refused(Table.MUTATIONS, values.content_id(found.value), "is no object")
                continue
            source = Source(found.value)
            given = values.identifier(source.take("id", "idempotencyKey")) or found.id
            source_id = given or values.content_id(found.value)
            queued = offline_queue.read(source, self._context, source_id=source_id, position=position)
            if queued.is_foreign:
                yield _decided(
                    self._made(Table.MUTATIONS, source_id, queued.draft), Action.KEEP, queued.draft.reason()
                )
            else:
                yield self._made(Table.MUTATIONS, source_id, queued.draft)

    def _secret(self) -> Resource:
        match self._context.secret_policy:
            case SecretPolicy.SEAL:
                return self._whole(Action.KEEP, "is a secret of its app; it is kept sealed")
            case SecretPolicy.REFUSE:
                return self._whole(Action.REFUSE, "is a secret of its app")
            case SecretPolicy.DROP:
                return self._whole(Action.SKIP, "is a secret of its app, and was left out")

    def _backup(self, readable: Collection[tuple[str, str]]) -> Iterator[Resource]:
        if (self._record.store, self._recognition.original_key) in readable:
            yield self._whole(
                Action.SKIP, f"is an older copy of {self._recognition.original_key}, which can be read"
            )
            return
        yield from self._of(self._recognition.original)

    def _made(self, table: Table, source_id: str, draft: Draft) -> Resource:
        if draft.refusal:
            return self._refused(table, source_id, draft.refusal)
        return Resource(
            record_index=self._record.index,
            key=self._record.key,
            family=self._recognition.family,
            source_id=_shown(source_id),
            table=table,
            target_id=values.target_id(self._context, table, source_id),
            fields=draft.fields,
            update_time=None if draft.update_time is None else values.rfc3339(draft.update_time),
            reason=draft.reason(),
        )

    def _refused(self, table: Table, source_id: str, reason: str) -> Resource:
        return Resource(
            record_index=self._record.index,
            key=self._record.key,
            family=self._recognition.family,
            source_id=_shown(source_id),
            table=table,
            target_id=None,
            action=Action.REFUSE,
            reason=reason,
        )

    def _whole(self, action: Action, reason: str) -> Resource:
        return Resource(
            record_index=self._record.index,
            key=self._record.key,
            family=self._recognition.family,
            source_id=_shown(self._record.key),
            table=None,
            target_id=None,
            action=action,
            reason=reason,
        )


def _shown(source_id: str) -> str:
    return documents.keepable(source_id)[:SOURCE_ID_CHARACTERS_MAX]


def _with_model(item: dict[str, Json], shared: dict[str, Json]) -> dict[str, Json]:
    """Return a memory that names the model of its vector, which its index names once for all."""
    config = shared.get("config")
    model = _first(config, "embeddingModel", "model") if isinstance(config, dict) else None
    return item if model is None or "embeddingModel" in item else {**item, "embeddingModel": model}


def _first(item: Json, *names: str) -> Json:
    return Source(item).take(*names) if isinstance(item, dict) else None
