"""Events as JSON documents, just as REST shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from timeloom.observability.v1.observability_pb2 import Event
from timeloom.type.v1 import annotations_pb2
from timeloom_observability.model import EPOCH

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_UNNAMED: Final = "UNSPECIFIED"
_MILLISECOND_US: Final = 1_000

_encoder: Final = msgspec.json.Encoder()


def line_of(event: Event) -> bytes:
    """Returns an event as a line of JSON."""
    return _encoder.encode(_write_event(event)) + b"\n"


def shown_time(time: Any) -> str:
    """Returns a time in UTC, with 0, 3 or 6 digits after the second: finer it is not kept."""
    moment = EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1_000)
    if not moment.microsecond:
        precision = "seconds"
    else:
        precision = "microseconds" if moment.microsecond % _MILLISECOND_US else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def enum_names(enum: EnumDescriptor) -> dict[int, str]:
    """Returns what an enum's numbers are called, without the enum's own name in front."""
    common = enum.values_by_number[0].name.removesuffix(_UNNAMED)
    return {value.number: value.name.removeprefix(common) for value in enum.values}


def _writer(descriptor: Descriptor) -> Callable[[Any], dict[str, Any]]:
    """Returns what makes a JSON object of messages of this type.

    Fields without presence are always there, messages when they are set, and documents when they are not
    empty.
    """
    plan = [
        (field.name, field.json_name, field.has_presence, _is_document(field), _value_writer(field))
        for field in descriptor.fields
    ]

    def write(message: Any) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, json_name, has_presence, is_document, write_value in plan:
            if has_presence and not message.HasField(name):
                continue
            value = getattr(message, name)
            if not is_document or value:
                members[json_name] = value if write_value is None else write_value(value)
        return members

    return write


def _value_writer(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    """Returns what makes JSON of a field's value; None if it is JSON as it is."""
    write = _element_writer(field)
    if not field.is_repeated:
        return write
    return list if write is None else lambda values: [write(value) for value in values]


def _element_writer(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    if field.message_type is not None:
        is_time = field.message_type.full_name == _TIMESTAMP
        return shown_time if is_time else _writer(field.message_type)
    if field.enum_type is not None:
        names = enum_names(field.enum_type)
        return lambda number: names.get(number, number)
    return msgspec.Raw if _is_document(field) else None


def _is_document(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[annotations_pb2.json])


_write_event: Final = _writer(Event.DESCRIPTOR)
