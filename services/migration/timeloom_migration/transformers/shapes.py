"""The shapes in which documents hold their items, from the newest that apps wrote to the oldest.

- ``store``: Zustand's `{state, version}`, with the items in a member of the state;
- ``object``: an object with the items in one of its members;
- ``pairs``: a list of `[id, item]`, as maps are written;
- ``list``: a bare list of items;
- ``map``: an object of items by their ids;
- ``item``: a single one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from timeloom_migration.families import keys
from timeloom_migration.families.documents import UnreadableError, parse
from timeloom_migration.planning.model import Json

NESTING_MAX: Final = 4
"""How many times a text may be JSON of a text, or a store lie in a store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An item, with the id that its place gives it; empty if it gives it none."""

    value: Json = field(repr=False)
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A document taken apart.

    Attributes:
        name: Of the shape.
        version: That a store gave itself; None if it gave none.
        items: What it holds.
        left: What lies beside the items, by name.
    """

    name: str
    items: tuple[Found, ...] = field(repr=False)
    version: Json = None
    left: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)


class UnknownShapeError(ValueError):
    """A document has none of the shapes that are known; the message says what it is instead."""


def take_apart(document: Json, names: Collection[str], *, nesting: int = NESTING_MAX) -> Shape:
    """Return a document's items.

    Args:
        document: What a record means.
        names: What the member with the items may be called.
        nesting: How deep they may lie.

    Raises:
        UnknownShapeError: It has none of the shapes.
    """
    if isinstance(document, str) and nesting > 0:
        return take_apart(_parsed(document), names, nesting=nesting - 1)
    if isinstance(document, list):
        return Shape(name=_list_name(document), items=tuple(_items(document)))
    if not isinstance(document, dict):
        raise UnknownShapeError("is neither a list nor an object")
    if isinstance(document.get("state"), dict | str) and nesting > 0 and not _looks_like_item(document):
        inner = take_apart(document["state"], names, nesting=nesting - 1)
        left = {name: value for name, value in document.items() if name not in ("state", "version")}
        return Shape(
            name="store", items=inner.items, version=document.get("version"), left={**left, **inner.left}
        )
    return _object(document, names)


def _object(document: dict[str, Json], names: Collection[str]) -> Shape:
    wanted = {keys.plain(each) for each in names}
    for name, value in document.items():
        if keys.plain(name) in wanted and isinstance(value, list | dict):
            left = {other: item for other, item in document.items() if other not in (name, "version")}
            return Shape(
                name="object", items=tuple(_items(value)), version=document.get("version"), left=left
            )
    if _looks_like_item(document):
        return Shape(name="item", items=(Found(value=document),))
    if all(isinstance(each, dict) for each in document.values()):
        return Shape(name="map", items=tuple(_items(document)))
    raise UnknownShapeError(f"is an object without {' or '.join(sorted(names))}")


def _items(value: list[Json] | dict[str, Json]) -> Iterator[Found]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield Found(value=item, id=name)
        return
    for item in value:
        pair = _pair(item)
        yield Found(value=item) if pair is None else Found(value=pair[1], id=pair[0])


def _pair(item: Json) -> tuple[str, Json] | None:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], dict):
        name = item[0]
        if isinstance(name, str | int) and not isinstance(name, bool):
            return str(name), item[1]
    return None


def _list_name(document: list[Json]) -> str:
    return "pairs" if document and all(_pair(each) is not None for each in document) else "list"


def _looks_like_item(document: dict[str, Json]) -> bool:
    return any(keys.plain(name) in ("id", "title", "name", "content", "text") for name in document)


def _parsed(text: str) -> Json:
    try:
        return parse(text)
    except UnreadableError as error:
        raise UnknownShapeError(str(error)) from None


def members_of(document: Json) -> Mapping[str, Json] | None:
    """Return an object's members, also of one that lies in a store; None if it is no object."""
    found = document
    for _ in range(NESTING_MAX):
        if isinstance(found, str):
            try:
                found = parse(found)
            except UnreadableError:
                return None
        if not isinstance(found, dict):
            return None
        if not isinstance(found.get("state"), dict | str) or set(found) - {"state", "version"}:
            return cast("Mapping[str, Json]", found)
        found = found["state"]
    return None
