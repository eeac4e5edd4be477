"""Two versions of a resource, compared and merged field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from timeloom.exports import jcs
from timeloom_migration.planning.model import Fields, Json

# Made by the server, or by the resource's identity: they do not differ.
_UNCOMPARED: Final = frozenset({"id", "etag", "version", "createTime", "updateTime", "secretNames"})
# Absent in what REST returns and set by its default, they are the same.
_EMPTY: Final = ("", 0, False, None)


def differing(incoming: Fields, existing: Fields) -> tuple[str, ...]:
    """Return the names of the fields that a resource would change, in order.

    Of secrets, which nobody gets back, only the names are compared.
    """
    return tuple(sorted(name for name in incoming if _differs(name, incoming[name], existing)))


def merge(incoming: Fields, existing: Fields, *, is_newer: bool) -> dict[str, Json]:
    """Return the fields that a merge changes, with what they become.

    Lists are joined, objects merged member by member; of other values the newer one counts, and what is empty
    gives way to what is not. Secrets are added under names that are not taken, and renewed if they are newer.
    """
    result: dict[str, Json] = {}
    for name in differing(incoming, existing):
        if name == "secrets":
            result[name] = _merged_secrets(incoming, existing, is_newer=is_newer)
            continue
        merged = _merged(incoming[name], existing.get(name), is_newer=is_newer)
        if not _same(merged, existing.get(name)):
            result[name] = merged
    return {name: value for name, value in result.items() if value != {} or name != "secrets"}


def is_newer(incoming: str | None, existing: str) -> bool:
    """Return whether one time is later than the other; what has none is not."""
    return incoming is not None and datetime.fromisoformat(incoming) > datetime.fromisoformat(existing)


def _differs(name: str, value: Json, existing: Fields) -> bool:
    if name in _UNCOMPARED:
        return False
    if name == "secrets":
        there = existing.get("secretNames")
        names = set(cast("list[str]", there)) if isinstance(there, list | tuple) else set[str]()
        return isinstance(value, Mapping) and not set(value) <= names
    if name == "vector" and name not in existing:
        # A list does not show vectors.
        return False
    there = existing.get(name)
    if name.endswith("Time") and isinstance(value, str) and isinstance(there, str):
        return not _same_time(value, there)
    return not _same(value, there)


def _same_time(one: str, other: str) -> bool:
    """Return whether two times are the same one, with however many digits they are written."""
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except ValueError:
        return one == other


def _same(one: Json, other: Json) -> bool:
    if _is_empty(one) and _is_empty(other):
        return True
    try:
        return jcs.encode(one) == jcs.encode(other)
    except jcs.UnrepresentableError:
        return one == other


def _is_empty(value: Json) -> bool:
    return value in _EMPTY if not isinstance(value, list | Mapping) else not value


def _merged(incoming: Json, existing: Json, *, is_newer: bool) -> Json:
    if _is_empty(existing):
        return incoming
    if _is_empty(incoming):
        return existing
    if isinstance(incoming, list) and isinstance(existing, list):
        return _joined(incoming, existing)
    if isinstance(incoming, Mapping) and isinstance(existing, Mapping):
        names = [*existing, *(name for name in incoming if name not in existing)]
        return {name: _merged(incoming.get(name), existing.get(name), is_newer=is_newer) for name in names}
    return incoming if is_newer else existing


def _joined(incoming: list[Json], existing: list[Json]) -> list[Json]:
    """Return what is there, and after it what is not there yet."""
    there = {_key(each) for each in existing}
    result = list(existing)
    for each in incoming:
        if _key(each) not in there:
            there.add(_key(each))
            result.append(each)
    return result


def _key(value: Json) -> bytes:
    try:
        return jcs.encode(value)
    except jcs.UnrepresentableError:
        return repr(value).encode("utf-8", "replace")


def _merged_secrets(incoming: Fields, existing: Fields, *, is_newer: bool) -> Json:
    secrets = incoming.get("secrets")
    there = existing.get("secretNames")
    names = set(cast("list[str]", there)) if isinstance(there, list | tuple) else set[str]()
    if not isinstance(secrets, Mapping):
        return {}
    return {name: value for name, value in secrets.items() if is_newer or name not in names}
