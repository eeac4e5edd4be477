"""Messages of the contracts from JSON, and back, as REST has them: JSON documents stand inline."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from timeloom.type.v1 import annotations_pb2
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import InvalidActionError


def filled(message: Message, value: Mapping[str, Any]) -> None:
    """Fill a message from JSON.

    Raises:
        InvalidActionError: The value is not one of this message; it says where.
    """
    try:
        json_format.ParseDict(_mapped(message.DESCRIPTOR, value, _encoded), message)
    except json_format.ParseError as error:
        raise InvalidActionError(f"The input does not fit {message.DESCRIPTOR.name}: {error}") from None


def value_of(message: Message) -> Any:
    """Return a message as JSON; lists, texts and numbers that are empty are there, too."""
    value = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    return _mapped(message.DESCRIPTOR, value, _decoded)


def _mapped(descriptor: Any, value: Any, change: Callable[[Any], Any]) -> Any:
    """Return the value with its JSON documents changed."""
    if not isinstance(value, Mapping):
        return value
    known = descriptor.fields_by_name
    by_json_name = {field.json_name: field for field in descriptor.fields}
    members = cast("Mapping[str, Any]", value)
    return {
        name: each
        if (field := by_json_name.get(name) or known.get(name)) is None
        else _field(field, each, change)
        for name, each in members.items()
    }


def _field(field: FieldDescriptor, value: Any, change: Callable[[Any], Any]) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return value
    elements = fields.elements(value) if field.is_repeated else None
    if elements is not None:
        return [_single(field, each, change) for each in elements]
    return _single(field, value, change)


def _single(field: FieldDescriptor, value: Any, change: Callable[[Any], Any]) -> Any:
    if field.message_type is not None:
        return _mapped(field.message_type, value, change)
    options: Any = field.GetOptions()
    return change(value) if options.Extensions[annotations_pb2.json] else value


def _encoded(value: Any) -> str:
    return base64.b64encode(msgspec.json.encode(value)).decode("ascii")


def _decoded(value: Any) -> Any:
    content = base64.b64decode(value)
    return msgspec.Raw(content) if content else None
