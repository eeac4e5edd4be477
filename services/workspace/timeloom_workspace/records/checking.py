"""What a caller gives for a record's fields, checked and in the form in which it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from timeloom_platform.errors import FieldViolation, InvalidFieldError, TimeloomError
from timeloom_workspace.records.documents import NULL, decoded, encoded, parsed, refuse_nul
from timeloom_workspace.records.tables import (
    TAG_LENGTH_MAX,
    VARIABLE_LENGTH_MAX,
    VARIABLE_NAME_LENGTH_MAX,
    Field,
    Kind,
    Table,
    json_name,
)

VARIABLES_MAX: Final = 200
NAME_LENGTH_MAX: Final = 100
"""As much of a name is told that is not known."""

VALUE_BYTES_MAX: Final = 8 * 1024 * 1024

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_BELOW_MICROSECONDS: Final = re.compile(r"(\.\d{6})\d+")
_OF_THE_RECORD: Final = ("id", "create_time", "update_time", "etag", "version", "clock")


def new_values(table: Table, given: Mapping[str, object]) -> dict[str, object]:
    """Returns all values of a new record.

    Args:
        table: Of the record.
        given: By the names of fields, what is given, each in the form of its kind.

    Raises:
        InvalidFieldError: A value is missing or not allowed.
        MalformedJsonError: A document is none.
    """
    values = {name: field.initial for name, field in table.fields.items()}
    missing = [
        field for field in table.fields.values() if field.is_required and given.get(field.name) in (None, "")
    ]
    if missing:
        raise _missing(missing)
    return values | changed_values(table, given)


def changed_values(table: Table, given: Mapping[str, object]) -> dict[str, object]:
    """Returns values for fields of a record that is there, checked.

    Raises:
        InvalidFieldError: A value is not allowed.
        MalformedJsonError: A document is none.
    """
    return {
        name: _CHECKS[table.fields[name].kind](table.fields[name], value) for name, value in given.items()
    }


def values_of_json(table: Table, document: bytes) -> dict[str, object]:
    """Returns the values of a JSON object that names fields as REST does, each in the form of its kind.

    They are not checked any further: `new_values` or `changed_values` does that. What the service sets
    by itself is passed over: a client sends back what it has read.

    Raises:
        MalformedJsonError: It is no JSON.
        InvalidFieldError: It is no object, or has a field that there is none of, or one of another type.
    """
    if len(document) > VALUE_BYTES_MAX:
        raise InvalidFieldError.of(
            "value", f"has {len(document)} bytes; at most {VALUE_BYTES_MAX} are allowed"
        )
    members: Any = parsed("value", document)
    if not isinstance(members, dict):
        raise InvalidFieldError.of("value", "must be a JSON object")
    by_name = {field.json_name: field for field in table.fields.values()}
    passed_over = {json_name(name) for name in _OF_THE_RECORD}
    passed_over |= {field.json_name for field in table.fields.values() if not field.is_settable}
    values: dict[str, object] = {}
    for name, value in cast("dict[str, object]", members).items():
        if name in passed_over:
            continue
        field = by_name.get(name)
        if field is None:
            raise InvalidFieldError.of(name[:NAME_LENGTH_MAX], f"is no field of {table.name}")
        values[field.name] = _of_json(field, value)
    return values


def _of_json(field: Field, value: object) -> object:
    if field.kind is Kind.DOCUMENT:
        if value is None and field.document is not object:
            return field.initial
        return msgspec.json.encode(value).decode()
    if value is None:
        return field.initial
    return _FROM_JSON[field.kind](field, value)


def _text_of(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidFieldError.of(field.json_name, "must be a text")
    return value


def _uuid_of(field: Field, value: object) -> UUID | None:
    text = _text_of(field, value)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidFieldError.of(field.json_name, "must be a UUID") from None


def _flag_of(field: Field, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidFieldError.of(field.json_name, "must be true or false")
    return value


def _count_of(field: Field, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidFieldError.of(field.json_name, "must be a whole number")
    return value


def _time_of(field: Field, value: object) -> datetime:
    text = _text_of(field, value)
    wrong = InvalidFieldError.of(field.json_name, "must be a time, such as 2026-11-23T17:11:07Z")
    if _TIME.fullmatch(text) is None:
        raise wrong
    try:
        # Microseconds are what Python and PostgreSQL keep.
        return datetime.fromisoformat(_BELOW_MICROSECONDS.sub(r"\1", text.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


def _tags_of(field: Field, value: object) -> list[str]:
    if not isinstance(value, list):
        raise InvalidFieldError.of(field.json_name, "must be a list of texts")
    tags = cast("list[object]", value)
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidFieldError.of(field.json_name, "must be a list of texts")
    return cast("list[str]", tags)


_FROM_JSON: Final[Mapping[Kind, Callable[[Field, object], object]]] = {
    Kind.TEXT: _text_of,
    Kind.WORD: _text_of,
    Kind.UUID: _uuid_of,
    Kind.FLAG: _flag_of,
    Kind.COUNT: _count_of,
    Kind.TIME: _time_of,
    Kind.TAGS: _tags_of,
}


def _checked_text(field: Field, value: object) -> str:
    assert isinstance(value, str)
    if field.is_required and not value:
        raise InvalidFieldError.of(field.json_name, "is required")
    if len(value) > field.size_max:
        raise InvalidFieldError.of(
            field.json_name, f"has {len(value)} characters; at most {field.size_max} are allowed"
        )
    refuse_nul(field.json_name, value)
    return value


def _checked_word(field: Field, value: object) -> str:
    if value not in field.words:
        raise InvalidFieldError.of(field.json_name, f"must be one of {', '.join(field.words)}")
    return str(value)


def _checked_count(field: Field, value: object) -> int:
    assert isinstance(value, int)
    if not 0 <= value <= field.size_max:
        raise InvalidFieldError.of(field.json_name, f"must be from 0 to {field.size_max}")
    return value


def _checked_tags(field: Field, value: object) -> list[str]:
    tags = cast("list[str] | tuple[str, ...]", value)
    if len(tags) > field.size_max:
        raise InvalidFieldError.of(
            field.json_name, f"has {len(tags)} elements; at most {field.size_max} are allowed"
        )
    for index, tag in enumerate(tags):
        name = f"{field.json_name}[{index}]"
        if not 1 <= len(tag) <= TAG_LENGTH_MAX:
            raise InvalidFieldError.of(name, f"must have 1 to {TAG_LENGTH_MAX} characters")
        refuse_nul(name, tag)
    return list(dict.fromkeys(tags))


def _checked_document(field: Field, value: object) -> str | None:
    name = field.json_name
    assert value is None or isinstance(value, str)
    if value is None or (value == NULL and field.is_nullable):
        return None
    if field.is_required and not value:
        raise InvalidFieldError.of(name, "is required")
    read = decoded(name, value)
    if field.is_of_texts:
        _check_texts(name, read)
    return encoded(name, read, kind=field.document, bytes_max=field.size_max)


def _check_texts(name: str, value: object) -> None:
    members = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if len(members) > VARIABLES_MAX:
        raise InvalidFieldError.of(name, f"has {len(members)} elements; at most {VARIABLES_MAX} are allowed")
    for key, each in members.items():
        if not 1 <= len(key) <= VARIABLE_NAME_LENGTH_MAX:
            raise InvalidFieldError.of(name, f"must have names of 1 to {VARIABLE_NAME_LENGTH_MAX} characters")
        if not isinstance(each, str):
            raise InvalidFieldError.of(f'{name}["{key}"]', "must be a text")
        if len(each) > VARIABLE_LENGTH_MAX:
            raise InvalidFieldError.of(
                f'{name}["{key}"]', f"has {len(each)} characters; at most {VARIABLE_LENGTH_MAX} are allowed"
            )


def _as_it_is(_field: Field, value: object) -> object:
    return value


_CHECKS: Final[Mapping[Kind, Callable[[Field, object], object]]] = {
    Kind.TEXT: _checked_text,
    Kind.UUID: _as_it_is,
    Kind.WORD: _checked_word,
    Kind.FLAG: _as_it_is,
    Kind.COUNT: _checked_count,
    Kind.TIME: _as_it_is,
    Kind.TAGS: _checked_tags,
    Kind.DOCUMENT: _checked_document,
}


def _missing(fields: list[Field]) -> TimeloomError:
    violations = [FieldViolation(field=field.json_name, description="is required") for field in fields]
    return InvalidFieldError(f"{fields[0].json_name} is required", violations=violations)
