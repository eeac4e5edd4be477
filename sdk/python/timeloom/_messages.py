"""Between messages and dataclasses whose fields have the same names: no list of fields is written twice."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom import _convert as convert
from timeloom.type.v1 import annotations_pb2

ValueT = TypeVar("ValueT")
MessageT = TypeVar("MessageT", bound=Message)

_Reader = Callable[[Any], Any]

# One for each dataclass, which stands for one message.
_plans: dict[type[Any], Sequence[tuple[str, _Reader]]] = {}


def read(kind: type[ValueT], message: Message) -> ValueT:
    """Return a message as a dataclass. Enums lose their prefix, JSON is parsed, absent messages are None."""
    plan = _plans.get(kind)
    if plan is None:
        plan = _plans[kind] = _plan(kind, message.DESCRIPTOR)
    return kind(**{name: get(message) for name, get in plan})


def write(value: Any, kind: type[MessageT], /, **more: Any) -> MessageT:
    """Return a dataclass as a message; what is None stays absent."""
    return filled(kind(), **{each.name: getattr(value, each.name) for each in fields(value)}, **more)


def filled(message: MessageT, /, **values: Any) -> MessageT:
    """Return a message with the fields that are given; what is None stays absent."""
    for name, value in values.items():
        assign(message, name, value)
    return message


def assign(message: Message, name: str, value: Any) -> None:
    """Set a field of a message from a Python value; None leaves it absent.

    Raises:
        TypeError: JSON cannot say the value of a field that holds JSON.
    """
    if value is None:
        return
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.GetOptions().Extensions[annotations_pb2.json]:
        setattr(message, name, convert.document(value, of=name))
    elif _is_map(field):
        getattr(message, name).update(value)
    elif field.is_repeated and field.message_type is not None:
        for each in value:
            _copy(each, getattr(message, name).add())
    elif field.is_repeated:
        getattr(message, name).extend(_item(field, each) for each in value)
    elif isinstance(value, datetime):
        getattr(message, name).CopyFrom(convert.timestamp(value))
    elif field.message_type is not None:
        _copy(value, getattr(message, name))
    else:
        setattr(message, name, _item(field, value))


def _copy(value: Any, target: Message) -> None:
    target.CopyFrom(value if isinstance(value, Message) else write(value, type(target)))


def _item(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        return _number(field.enum_type, value)
    return float(value) if field.type == field.TYPE_FLOAT else value


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _number(enum: Any, member: StrEnum) -> int:
    return int(enum.values_by_name[_prefix(enum) + member.value].number)


def _prefix(enum: Any) -> str:
    """Return what the names of an enum's values begin with: that of the first ends with UNSPECIFIED."""
    return str(enum.values[0].name).removesuffix("UNSPECIFIED")


def _plan(kind: type[Any], descriptor: Any) -> Sequence[tuple[str, _Reader]]:
    hints = get_type_hints(kind)
    return [
        (each.name, _reader(descriptor.fields_by_name[each.name], hints[each.name])) for each in fields(kind)
    ]


def _reader(field: Any, hint: Any) -> _Reader:
    name = field.name
    if field.GetOptions().Extensions[annotations_pb2.json]:
        return lambda message: convert.parsed(getattr(message, name))
    if _is_map(field):
        return lambda message: dict(getattr(message, name))
    if field.is_repeated:
        item = _item_reader(field, get_args(hint)[0])
        return lambda message: tuple(map(item, getattr(message, name)))
    item = _item_reader(field, _without_none(hint))
    if field.has_presence:
        return lambda message: item(getattr(message, name)) if message.HasField(name) else None
    return lambda message: item(getattr(message, name))


def _item_reader(field: Any, hint: Any) -> _Reader:
    if field.enum_type is not None:
        return _enum_reader(field.enum_type, hint)
    if field.message_type is None:
        # Counts beyond 32 bits travel as doubles, in which browsers count as well.
        return int if hint is int and field.type == field.TYPE_DOUBLE else _same
    if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
        return convert.moment
    assert is_dataclass(hint), f"{field.full_name} is a message"
    return lambda message: read(cast("type[Any]", hint), message)


def _enum_reader(enum: Any, hint: type[StrEnum]) -> _Reader:
    members = {
        value.number: hint(name)
        for value in enum.values
        if (name := value.name.removeprefix(_prefix(enum))) in _names(hint)
    }
    # A server that is newer than this client, or a field that is left out.
    return members.get


def _names(enum: Iterable[StrEnum]) -> set[str]:
    return {member.value for member in enum}


def _same(value: Any) -> Any:
    return value


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    (found,) = (each for each in get_args(hint) if each is not type(None))
    return found
