"""From the messages of the contract to values of records: their fields are named alike, and not listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from timeloom_platform.errors import InvalidFieldError, MalformedJsonError
from timeloom_workspace.records.reading import Wanted
from timeloom_workspace.records.records import Given
from timeloom_workspace.records.tables import Field, Kind, Table, json_name

PATCHED: Final = frozenset({"metadata"})
"""The documents that an update changes by a merge patch."""

_UNSPECIFIED: Final = "UNSPECIFIED"
_PAGE: Final = frozenset({"page_size", "page_token", "order_by", "query", "tags"})
_SEVERAL: Final = {"statuses": "status", "types": "type"}
_PREFIX: Final = "_prefix"


def id_of(text: str) -> UUID | None:
    """Reads an id that the rules have found to be one; None if it is empty."""
    return UUID(text) if text else None


def given_of_new(table: Table, request: Message) -> Given:
    """Reads what a new record is to have.

    Raises:
        InvalidFieldError: A time is out of range.
        MalformedJsonError: A document is no text.
    """
    values = {
        field.name: _value_of(field, request) for field in _settable(table) if _is_given(field, request)
    }
    return Given(values=values, secrets=_secrets_of(request))


def given_of_change(table: Table, request: Message) -> Given:
    """Reads what a record is to become: what is absent stays as it is.

    Raises:
        InvalidFieldError: A time is out of range, or an enum has no value.
        MalformedJsonError: A document is no text.
    """
    known = _fields_of(request)
    values: dict[str, object] = {}
    patches: dict[str, str] = {}
    for field in _settable(table):
        if field.name not in known or not _is_there(known[field.name], request):
            continue
        if field.name in PATCHED:
            patches[field.name] = _text_of(field, getattr(request, field.name))
        else:
            values[field.name] = _value_of(field, request)
    return Given(values=values, patches=patches, secrets=_secrets_of(request))


def wanted_of(table: Table, request: Message) -> Wanted:
    """Reads which records a list is to have.

    Raises:
        InvalidFieldError: An enum has no value.
    """
    message: Any = request
    equal: dict[str, object] = {}
    one_of: dict[str, list[str]] = {}
    prefixes: dict[str, str] = {}
    for each in _fields_of(request).values():
        if each.name in _PAGE or not _is_there(each, request):
            continue
        value = getattr(message, each.name)
        if each.name in _SEVERAL:
            one_of[_SEVERAL[each.name]] = [_word_of(each, number) for number in value]
        elif each.name.endswith(_PREFIX):
            prefixes[each.name.removesuffix(_PREFIX)] = value
        elif each.enum_type is not None:
            equal[each.name] = _word_of(each, value)
        else:
            equal[each.name] = UUID(value) if table.fields[each.name].kind is Kind.UUID else value
    return Wanted(
        equal=equal,
        one_of=one_of,
        prefixes=prefixes,
        tags=tuple(getattr(message, "tags", ())),
        query=message.query,
        order_by=message.order_by,
    )


def enum_word(enum: EnumDescriptor, number: int) -> str:
    """Returns the word of a value: its name without the prefix that all names of its enum have."""
    return enum.values_by_number[number].name.removeprefix(_prefix_of(enum))


def enum_number(enum: EnumDescriptor, word: str) -> int:
    """Returns the value of a word."""
    number: int = enum.values_by_name[_prefix_of(enum) + word].number
    return number


def _fields_of(message: Message) -> Mapping[str, FieldDescriptor]:
    return cast("Descriptor", message.DESCRIPTOR).fields_by_name


def _prefix_of(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix(_UNSPECIFIED)


def _settable(table: Table) -> Iterable[Field]:
    return (field for field in table.fields.values() if field.is_settable)


def _is_given(field: Field, request: Message) -> bool:
    """Whether a request to make a record says something of a field; else it has its default."""
    return _is_there(_fields_of(request)[field.name], request)


def _is_there(field: FieldDescriptor, request: Message) -> bool:
    return request.HasField(field.name) if field.has_presence else bool(getattr(request, field.name))


def _value_of(field: Field, request: Message) -> object:  # noqa: PLR0911 - one for each kind
    value: Any = getattr(request, field.name)
    match field.kind:
        case Kind.WORD:
            return _word_of(_fields_of(request)[field.name], value)
        case Kind.UUID:
            return UUID(value) if value else None
        case Kind.TIME:
            return _time_of(field, value)
        case Kind.TAGS:
            return list(getattr(value, "words", value))
        case Kind.DOCUMENT if field.is_of_texts:
            return msgspec.json.encode(_members(value)).decode()
        case Kind.DOCUMENT:
            return _text_of(field, value)
        case _:
            return value


def _members(value: Any) -> dict[str, str]:
    # Of a `Variables`, or of the map itself: that has a method of the name.
    members = value.values
    return dict(value) if callable(members) else dict(members)


def _text_of(field: Field, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedJsonError(f"{field.json_name} is no JSON document: it is not UTF-8.") from None


def _word_of(field: FieldDescriptor, number: int) -> str:
    enum = field.enum_type
    assert enum is not None
    if not number:
        words = ", ".join(enum_word(enum, value.number) for value in enum.values if value.number)
        raise InvalidFieldError.of(json_name(field.name), f"must be one of {words}")
    return enum_word(enum, number)


def _time_of(field: Field, value: Any) -> datetime:
    try:
        time: datetime = value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidFieldError.of(field.json_name, "is no time from the year 1 to the year 9999") from None
    return time


def _secrets_of(request: Message) -> dict[str, str]:
    if "secrets" not in _fields_of(request):
        return {}
    return dict(getattr(request, "secrets"))  # noqa: B009 - the message may be of several types
