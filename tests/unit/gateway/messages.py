"""Random messages of any type, and what protobuf's own JSON says of them, in REST's conventions."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from timeloom_gateway.contracts import Contracts, is_json, message_class
from timeloom_gateway.transcoding import scalars
from timeloom_gateway.transcoding.reading import map_entry

_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_TEXT = st.text(max_size=8)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | _FINITE | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode())
_NANOS = st.sampled_from([0, 1, 250_000_000, 999_999_999, 1_000, 12_345_000])
_STRUCTS = st.recursive(
    st.none() | st.booleans() | _FINITE | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=3,
)


@cache
def messages(descriptor: Descriptor, *, depth: int = 0) -> st.SearchStrategy[Message]:
    """Messages of a type, as sparse as real ones: a few fields of many."""
    create = message_class(descriptor)
    possible = ((field.name, _values(field, depth)) for field in descriptor.fields)
    values = {name: strategy for name, strategy in possible if strategy is not None}
    names = sorted(values)

    @st.composite
    def build(draw: st.DrawFn) -> Message:
        chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=8)) if names else []
        oneofs: set[str] = set()
        fields: dict[str, Any] = {}
        for name in chosen:
            oneof = descriptor.fields_by_name[name].containing_oneof
            if oneof is None or oneof.name not in oneofs:
                oneofs.add(oneof.name if oneof else "")
                fields[name] = draw(values[name])
        return create(**fields)

    return build()


def expected_json(message: Any, contracts: Contracts) -> dict[str, Any]:
    """The message by protobuf's own `json_format`, with short enum names and documents inline."""
    plain = json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True, descriptor_pool=contracts.pool
    )
    return _rest_object(message.DESCRIPTOR, plain)


def protobuf_json(message: Any, contracts: Contracts) -> dict[str, Any]:
    """The message by protobuf's own `json_format`, with documents inline, which REST's input needs."""
    plain = json_format.MessageToDict(message, descriptor_pool=contracts.pool)
    return _rest_object(message.DESCRIPTOR, plain, shorten=False)


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
    entry = map_entry(field)
    if entry is not None:
        keys, values = (_element(entry.fields_by_name[part], depth) for part in ("key", "value"))
        return st.dictionaries(keys, values, max_size=2) if keys is not None and values is not None else None
    element = _element(field, depth)
    if element is None or not field.is_repeated:
        return element
    return st.lists(element, max_size=3)


def _element(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
    if field.message_type is not None:
        return _message_values(field.message_type, depth)
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if is_json(field):
        return _DOCUMENTS
    limits = scalars.integer_range(field)
    if limits is not None:
        return st.integers(*limits)
    return {
        FieldDescriptor.TYPE_STRING: _TEXT,
        FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
        FieldDescriptor.TYPE_BOOL: st.booleans(),
        FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False),
        FieldDescriptor.TYPE_FLOAT: st.floats(allow_nan=False, width=32),
    }[field.type]


def _message_values(descriptor: Descriptor, depth: int) -> st.SearchStrategy[Any] | None:
    create = message_class(descriptor)

    def parsed(value: Any) -> Message:
        return json_format.ParseDict(value, create())

    match descriptor.full_name:
        case "google.protobuf.Timestamp":
            seconds = st.integers(-62135596800, 253402300799)
            return st.builds(create, seconds=seconds, nanos=_NANOS)
        case "google.protobuf.Duration":
            return st.tuples(st.integers(-315576000000, 315576000000), _NANOS).map(
                lambda pair: create(seconds=pair[0], nanos=pair[1] if pair[0] >= 0 else -pair[1])
            )
        case "google.protobuf.FieldMask":
            path = st.sampled_from(["name", "create_time", "inner.chosen_text"])
            return st.builds(create, paths=st.lists(path, max_size=3))
        case "google.protobuf.Struct":
            return st.dictionaries(_TEXT, _STRUCTS, max_size=2).map(parsed)
        case "google.protobuf.ListValue":
            return st.lists(_STRUCTS, max_size=2).map(parsed)
        case "google.protobuf.Value":
            return _STRUCTS.map(parsed)
    return messages(descriptor, depth=depth + 1) if depth < 2 else None


def _rest_object(descriptor: Descriptor, plain: dict[str, Any], *, shorten: bool = True) -> dict[str, Any]:
    fields = {field.json_name: field for field in descriptor.fields}
    members = {name: _rest_field(fields[name], value, shorten=shorten) for name, value in plain.items()}
    # An empty document is no document.
    return {
        name: value
        for name, value in members.items()
        if not (is_json(fields[name]) and not fields[name].is_repeated and plain[name] == "")
    }


def _rest_field(field: FieldDescriptor, value: Any, *, shorten: bool) -> Any:
    entry = map_entry(field)
    if entry is not None:
        inner = entry.fields_by_name["value"]
        return {key: _rest_value(inner, each, shorten=shorten) for key, each in value.items()}
    if field.is_repeated:
        return [_rest_value(field, each, shorten=shorten) for each in value]
    return _rest_value(field, value, shorten=shorten)


def _rest_value(field: FieldDescriptor, value: Any, *, shorten: bool) -> Any:
    if field.enum_type is not None:
        return scalars.short_names(field.enum_type)[value] if shorten else value
    if is_json(field):
        return json.loads(base64.b64decode(value)) if value else None
    if field.message_type is not None and not field.message_type.full_name.startswith("google.protobuf."):
        return _rest_object(field.message_type, value, shorten=shorten)
    return value
