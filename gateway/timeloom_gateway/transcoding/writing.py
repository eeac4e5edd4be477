"""Messages to JSON, by a plan compiled once per message type.

Fields without presence are always there, also when they are zero, empty or false, so that
clients need no defaults. Messages, `optional` fields and members of a oneof are there when
they are set, and JSON documents when they are not empty; these are copied as they are.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from timeloom_gateway.contracts import is_json
from timeloom_gateway.transcoding import scalars, wellknown
from timeloom_gateway.transcoding.reading import map_entry

Writer = Callable[[Any], Any]
"""A field's value to what msgspec encodes."""

_NULL = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    json_name: str
    has_presence: bool
    omit_empty: bool
    write: Writer | None
    """None where the value is its own JSON form."""


class MessageWriter:
    """Writes the messages of one type."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[_Field]) -> None:
        self._fields = fields

    def write(self, message: Any) -> dict[str, Any]:
        """The members of the message's JSON object, in the order of its fields."""
        members: dict[str, Any] = {}
        for field in self._fields:
            if field.has_presence and not message.HasField(field.name):
                continue
            value = getattr(message, field.name)
            if field.omit_empty and not value:
                continue
            members[field.json_name] = value if field.write is None else field.write(value)
        return members


class Writers:
    """The writers of a descriptor pool's message types, each compiled at its first use."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool
        self._messages: dict[str, MessageWriter] = {}

    def message(self, descriptor: Descriptor) -> MessageWriter:
        """The writer of a message type."""
        writer = self._messages.get(descriptor.full_name)
        if writer is None:
            # The fields follow the writer, because a message type may contain itself.
            fields: list[_Field] = []
            writer = self._messages[descriptor.full_name] = MessageWriter(fields)
            fields.extend(
                _Field(
                    name=field.name,
                    json_name=field.json_name,
                    has_presence=field.has_presence,
                    omit_empty=is_json(field) and not field.is_repeated,
                    write=self.field(field),
                )
                for field in descriptor.fields
            )
        return writer

    def field(self, field: FieldDescriptor) -> Writer | None:
        """The writer of a whole field: a value, a list or a map."""
        entry = map_entry(field)
        if entry is not None:
            return _map_writer(entry, self._element(entry.fields_by_name["value"]))
        write = self._element(field)
        if not field.is_repeated:
            return write
        if write is None:
            return list
        return lambda items: [write(item) for item in items]

    def _element(self, field: FieldDescriptor) -> Writer | None:
        descriptor = field.message_type
        if descriptor is None:
            return _scalar_writer(field)
        name = descriptor.full_name
        if name in wellknown.TEXTUAL:
            return wellknown.text_formatter(name)
        if name in wellknown.WRAPPERS:
            write = _scalar_writer(descriptor.fields_by_name["value"])
            return lambda message: message.value if write is None else write(message.value)
        if name in wellknown.DYNAMIC:
            return wellknown.dynamic_writer(self._pool)
        return self.message(descriptor).write


def _scalar_writer(field: FieldDescriptor) -> Writer | None:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _document if is_json(field) else _base64
    if field.enum_type is not None:
        return _enum_writer(field.enum_type)
    if scalars.is_wide(field):
        return str
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        return _float
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        return _single
    return None


def _document(value: bytes) -> msgspec.Raw:
    return msgspec.Raw(value) if value else _NULL


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _enum_writer(enum: EnumDescriptor) -> Writer:
    shown = scalars.short_names(enum)
    names = {value.number: shown[value.name] for value in reversed(enum.values)}
    # A number that this gateway's contracts do not name yet is shown as it is.
    return lambda number: names.get(number, number)


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _single(value: float) -> float | str:
    """The shortest decimal that names the same 32-bit number."""
    if not math.isfinite(value):
        return _float(value)
    candidates = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next((each for each in candidates if scalars.as_single(each) == value), value)


def _map_writer(entry: Descriptor, write: Writer | None) -> Writer:
    key_is_boolean = entry.fields_by_name["key"].cpp_type == FieldDescriptor.CPPTYPE_BOOL

    def write_key(key: Any) -> str:
        return str(key).lower() if key_is_boolean else str(key)

    def write_map(values: Any) -> dict[str, Any]:
        return {write_key(key): value if write is None else write(value) for key, value in values.items()}

    return write_map
