"""From records to the messages of the contract: their fields are named alike, and listed nowhere."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from timeloom_workspace.records.model import Record
from timeloom_workspace.records.requests import enum_number
from timeloom_workspace.records.tables import Field, Kind

M = TypeVar("M", bound=Message)


def message_of(record: Record, message_type: type[M]) -> M:
    """Returns a record as a message."""
    message: Any = message_type()
    message.id = str(record.id)
    message.etag = record.etag
    message.create_time.FromDatetime(record.create_time)
    message.update_time.FromDatetime(record.update_time)
    for field in record.table.fields.values():
        value = record.values[field.name]
        if value is not None:
            _write(message, field, value)
    written: M = message
    return written


def _write(message: Any, field: Field, value: Any) -> None:
    match field.kind:
        case Kind.WORD:
            setattr(message, field.name, enum_number(_enum_of(message, field), value))
        case Kind.UUID:
            setattr(message, field.name, str(value))
        case Kind.TIME:
            getattr(message, field.name).FromDatetime(value)
        case Kind.TAGS:
            getattr(message, field.name).extend(value)
        case Kind.DOCUMENT if field.is_of_texts:
            getattr(message, field.name).update(msgspec.json.decode(value, type=dict[str, str]))
        case Kind.DOCUMENT:
            setattr(message, field.name, value.encode())
        case _:
            setattr(message, field.name, value)


def _enum_of(message: Message, field: Field) -> Any:
    return message.DESCRIPTOR.fields_by_name[field.name].enum_type
