"""Requests for shapes, from the query of a URL and the body of a POST."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import msgspec

from timeloom_workspace.shapes.errors import InvalidShapeRequestError
from timeloom_workspace.shapes.limits import (
    PARAMETER_CHARACTERS_MAX,
    PARAMETERS_MAX,
    SUBSET_ROWS_MAX,
    TABLE_CHARACTERS_MAX,
)
from timeloom_workspace.shapes.offsets import BEFORE_ALL, Offset

QUERY_FIELDS_MAX: Final = 1000

_OFFSET: Final = re.compile(r"([0-9]{1,20})_([0-9]{1,10}|inf)", re.ASCII)
_PARAMETER: Final = re.compile(r"params\[([0-9]{1,4})\]", re.ASCII)
_SUBSET_PARAMETER: Final = re.compile(r"subset__params\[([0-9]{1,4})\]", re.ASCII)
_SUBSET: Final = "subset__"
_OPERATION_MAX: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A part of a shape's rows, as they are now.

    Attributes:
        where: Which of them; all if empty.
        parameters: What `$1` and so on stand for in it.
        order_by: In which order.
        limit: How many at most.
        offset: How many are left out before.
    """

    where: str = ""
    parameters: Mapping[int, str]
    order_by: str = ""
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRequest:
    """A request for a shape.

    Attributes:
        table: What the client calls it.
        where: Which rows; all if empty, None if it was not given.
        parameters: What `$1` and so on stand for in it.
        columns: Which of them; all if None.
        is_full_replica: Whether changes show whole rows, and what was there before.
        has_snapshot: Whether the log begins with the rows that there are.
        offset: What the client has; None for what there is now.
        handle: Of the shape that the client knows; empty if it knows none.
        is_live: Whether to wait for changes.
        is_event_stream: Whether to go on with them.
        cursor: What the last live answer named.
        subset: A part of the rows, asked for by itself.
    """

    table: str
    where: str | None
    parameters: Mapping[int, str]
    columns: tuple[str, ...] | None
    is_full_replica: bool
    has_snapshot: bool
    offset: Offset | None
    handle: str
    is_live: bool
    is_event_stream: bool
    cursor: str
    subset: Subset | None


def parse(method: str, query: str, body: bytes) -> ShapeRequest:
    """The request.

    Raises:
        InvalidShapeRequestError: Names each parameter that is wrong.
    """
    try:
        fields = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX))
    except ValueError:
        raise InvalidShapeRequestError.of("query", f"has more than {QUERY_FIELDS_MAX} parameters") from None
    reader = _Reader(fields, _document(method, body))
    request = reader.request()
    if reader.errors:
        raise InvalidShapeRequestError(reader.errors)
    return request


def _document(method: str, body: bytes) -> Mapping[str, Any] | None:
    if method != "POST" or not body.strip():
        return None
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise InvalidShapeRequestError.of("body", "must be a JSON object") from None
    nested = document.get("subset", document)
    if not isinstance(nested, dict):
        raise InvalidShapeRequestError.of("subset", "must be an object")
    return cast("dict[str, Any]", nested)


class _Reader:
    """Reads the parameters, and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, str], document: Mapping[str, Any] | None) -> None:
        self._fields = fields
        self._document = document
        self.errors: dict[str, object] = {}

    def request(self) -> ShapeRequest:
        offset = self._offset()
        handle = self._fields.get("handle", "")
        is_live = self._flag("live")
        subset = self._subset()
        if subset is None:
            if is_live and offset == BEFORE_ALL:
                self._refuse("live", "can't be true when offset == -1")
            if not handle and offset not in (BEFORE_ALL, None) and "offset" not in self.errors:
                self._refuse("handle", "can't be blank when offset != -1")
        is_event_stream = self._flag("live_sse") or self._flag("experimental_live_sse")
        if is_event_stream and not is_live:
            self._refuse("live_sse", "can't be true unless live is also true")
        return ShapeRequest(
            table=self._table(),
            where=self._fields.get("where"),
            parameters=self._parameters("params", _PARAMETER, self._fields.get("params")),
            columns=self._columns(),
            is_full_replica=self._choice("replica", "default", "full"),
            has_snapshot=not self._choice("log", "full", "changes_only"),
            offset=offset,
            handle=handle,
            is_live=is_live,
            is_event_stream=is_event_stream,
            cursor=self._fields.get("cursor", ""),
            subset=subset,
        )

    def _refuse(self, parameter: str, *reasons: str) -> None:
        self.errors.setdefault(parameter, list(reasons))

    def _table(self) -> str:
        table = self._fields.get("table", "")
        if not table.strip():
            self._refuse("table", "can't be blank")
        elif len(table) > TABLE_CHARACTERS_MAX:
            self._refuse("table", f"should be at most {TABLE_CHARACTERS_MAX} characters")
        return table

    def _offset(self) -> Offset | None:
        text = self._fields.get("offset", "")
        if not text:
            if not self._is_subset:
                self._refuse("offset", "can't be blank")
            return BEFORE_ALL
        if text == "now":
            return None
        if text == "-1":
            return BEFORE_ALL
        found = _OFFSET.fullmatch(text)
        if found is None:
            self._refuse("offset", "has invalid format")
            return BEFORE_ALL
        operation = _OPERATION_MAX if found[2] == "inf" else int(found[2])
        return Offset(int(found[1]), operation)

    def _flag(self, name: str) -> bool:
        text = self._fields.get(name)
        if text is None or text == "false":
            return False
        if text not in ("true", ""):
            self._refuse(name, "is invalid")
        return True

    def _choice(self, name: str, usual: str, other: str) -> bool:
        text = self._fields.get(name, usual)
        if text not in (usual, other):
            self._refuse(name, f"is invalid: it is {usual} or {other}")
        return text == other

    def _columns(self) -> tuple[str, ...] | None:
        text = self._fields.get("columns")
        if text is None:
            return None
        names = _identifiers(text)
        if names is None:
            self._refuse("columns", "Invalid zero-length delimited identifier, or one that is not closed")
            return None
        return names

    def _parameters(self, name: str, pattern: re.Pattern[str], whole: object) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for key, value in self._fields.items():
            matched = pattern.fullmatch(key)
            if matched is not None:
                found[int(matched[1])] = value
        if whole is not None:
            found.update(self._from_document(name, whole))
        return self._checked(name, found)

    def _from_document(self, name: str, whole: object) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for key, value in self._by_number(name, whole).items():
            if not (key.isascii() and key.isdigit() and len(key) <= 4):
                self._refuse(name, "Parameters can only use numbers as keys")
            elif isinstance(value, str):
                found[int(key)] = value
            elif isinstance(value, (bool, int, float)):
                found[int(key)] = msgspec.json.encode(value).decode()
            else:
                self._refuse(name, f"${key} must be a string, a number or a truth value")
        return found

    def _by_number(self, name: str, whole: object) -> Mapping[str, Any]:
        document = whole
        if isinstance(whole, str):
            try:
                document = msgspec.json.decode(whole)
            except (msgspec.MsgspecError, RecursionError):
                document = None
        if isinstance(document, list):
            values = cast("Sequence[Any]", document)
            return {str(number): value for number, value in enumerate(values, 1)}
        if isinstance(document, dict):
            return cast("dict[str, Any]", document)
        self._refuse(name, "must be an object of parameters by number")
        return {}

    def _checked(self, name: str, found: Mapping[int, str]) -> Mapping[int, str]:
        if len(found) > PARAMETERS_MAX:
            self._refuse(name, f"should be at most {PARAMETERS_MAX}")
        elif sorted(found) != list(range(1, len(found) + 1)):
            self._refuse(name, "Parameters must be numbered sequentially, starting from 1")
        elif any(len(value) > PARAMETER_CHARACTERS_MAX for value in found.values()):
            self._refuse(name, f"should each be at most {PARAMETER_CHARACTERS_MAX} characters")
        return found

    @property
    def _is_subset(self) -> bool:
        return self._document is not None or any(key.startswith(_SUBSET) for key in self._fields)

    def _subset(self) -> Subset | None:
        if not self._is_subset:
            return None
        document = self._document or {}
        return Subset(
            where=self._text("where", document),
            parameters=self._parameters(
                "subset__params",
                _SUBSET_PARAMETER,
                document.get("params", self._fields.get(f"{_SUBSET}params")),
            ),
            order_by=self._text("order_by", document),
            limit=self._count("limit", document),
            offset=self._count("offset", document),
        )

    def _text(self, name: str, document: Mapping[str, Any]) -> str:
        value = document.get(name, self._fields.get(f"{_SUBSET}{name}"))
        if value is not None and not isinstance(value, str):
            self._refuse(f"{_SUBSET}{name}", "must be a string")
            return ""
        return value or ""

    def _count(self, name: str, document: Mapping[str, Any]) -> int | None:
        value = document.get(name, self._fields.get(f"{_SUBSET}{name}"))
        if value is None:
            return None
        text = str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 9):
            self._refuse(f"{_SUBSET}{name}", "must be a whole number, and not below 0")
            return None
        if name == "limit" and int(text) > SUBSET_ROWS_MAX:
            self._refuse(f"{_SUBSET}{name}", f"must be at most {SUBSET_ROWS_MAX}")
        return int(text)


_NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^",]+))\s*(?:,|$)')


def _identifiers(text: str) -> tuple[str, ...] | None:
    """Names between commas, quoted where they need to be; None if they are none."""
    names: list[str] = []
    position = 0
    while position < len(text):
        found = _NAME.match(text, position)
        if found is None:
            return None
        name = found[1].replace('""', '"') if found[1] else found[2].strip()
        if not name:
            return None
        names.append(name)
        position = found.end()
    return tuple(names) if names and not text.endswith(",") else None
