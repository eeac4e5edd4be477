"""Requests as OTLP/JSON has them, which is protobuf's JSON with rules of its own.

Ids are hex, enums are numbers, keys are lowerCamelCase, unknown ones are ignored, and 64-bit integers are
texts or numbers. Requests are decoded into structs that are made from OpenTelemetry's own descriptors, so
that they have the attributes of protobuf's messages. An id that is not hex becomes one of a wrong length, so
that it rejects its record and not the batch.
"""

from __future__ import annotations

import functools
import math
import re
import types
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from msgspec import Struct
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from timeloom_observability.errors import MalformedTelemetryError
from timeloom_observability.otlp.protobuf import deeper, named
from timeloom_observability.otlp.wire import Form
from timeloom_observability.semantics.json_text import is_array, is_object

_ID_FIELDS: Final = frozenset({"trace_id", "span_id", "parent_span_id"})
_NO_HEX: Final = b"?"
_ESCAPES: Final = re.compile(
    rb"""\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}  # a character in two halves
    | (\\u[dD][89a-fA-F][0-9a-fA-F]{2})  # a half alone
    | \\.""",
    re.VERBOSE | re.DOTALL,
)
_REPLACEMENT: Final = rb"\ufffd"


class HexId(bytes):
    """An id, which is hex on the wire."""

    __slots__ = ()


class EnumNumber(int):
    """A number of an enum, which may be one that is not known yet."""

    __slots__ = ()


class AnyValue(Struct, rename="camel", frozen=True, gc=False):
    """A value of any type: one of these is set, or none."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: bytes | None = None


class ArrayValue(Struct, frozen=True, gc=False):
    """A list of values."""

    values: tuple[AnyValue, ...] = ()


class KeyValue(Struct, frozen=True, gc=False):
    """A value with its name."""

    key: str = ""
    value: AnyValue = AnyValue()


class KeyValueList(Struct, frozen=True, gc=False):
    """Values with their names."""

    values: tuple[KeyValue, ...] = ()


def attributes_of(pairs: Iterable[Any], depth: int = 0) -> dict[str, Any]:
    """Returns pairs of key and value as a dict."""
    return {pair.key: value_of(pair.value, depth) for pair in pairs}


def value_of(value: Any, depth: int = 0) -> Any:
    """Returns an `AnyValue` as what JSON has."""
    if value.string_value is not None:
        return value.string_value
    if value.double_value is not None:
        return value.double_value if math.isfinite(value.double_value) else named(value.double_value)
    if value.array_value is not None:
        return [value_of(item, deeper(depth)) for item in value.array_value.values]
    if value.kvlist_value is not None:
        return attributes_of(value.kvlist_value.values, deeper(depth))
    if value.bool_value is not None:
        return value.bool_value
    return value.int_value if value.int_value is not None else value.bytes_value


_SCALARS: Final[dict[int, tuple[Any, object]]] = {
    FieldDescriptor.TYPE_BOOL: (bool, False),
    FieldDescriptor.TYPE_BYTES: (bytes, b""),
    FieldDescriptor.TYPE_DOUBLE: (float, 0.0),
    FieldDescriptor.TYPE_ENUM: (EnumNumber, EnumNumber()),
    FieldDescriptor.TYPE_STRING: (str, ""),
}
"""What is not here is an integer of some size."""

_VALUES: Final[dict[str, type[Struct]]] = {
    "opentelemetry.proto.common.v1.AnyValue": AnyValue,
    "opentelemetry.proto.common.v1.KeyValue": KeyValue,
}


_ONEOFS: Final[dict[tuple[str, str], tuple[str, ...]]] = {}
"""The fields of a message of which at most one is set, by the message's and the oneof's names."""


@functools.cache
def _struct(descriptor: Descriptor) -> type[Struct]:
    """Returns the struct of a message; what may be absent in protobuf, too, is None then."""
    if descriptor.full_name in _VALUES:
        return _VALUES[descriptor.full_name]
    for oneof in descriptor.oneofs:
        _ONEOFS[descriptor.name, oneof.name] = tuple(field.name for field in oneof.fields)
    fields = [_field(field) for field in descriptor.fields]
    return msgspec.defstruct(descriptor.name, fields, rename="camel", frozen=True, gc=False)


def _field(field: FieldDescriptor) -> tuple[str, Any, object]:
    kind: Any
    default: object
    if field.message_type is not None:
        struct = _struct(field.message_type)
        kind, default = struct, None if field.is_repeated else struct()
    elif field.name in _ID_FIELDS:
        kind, default = HexId, HexId()
    else:
        kind, default = _SCALARS.get(field.type, (int, 0))
    if field.is_repeated:
        return field.name, types.GenericAlias(tuple, (kind, ...)), ()
    if field.containing_oneof is not None:
        return field.name, kind | None, None
    return field.name, kind, default


def _set_in(message: Any, oneof: str) -> str | None:
    """Returns which field of a oneof is set."""
    for name in _ONEOFS[type(message).__name__, oneof]:
        if getattr(message, name) is not None:
            return name
    return None


def _hooked(kind: type, sent: Any) -> object:
    if kind is EnumNumber:
        return EnumNumber(sent) if isinstance(sent, int | str) and str(sent).isdecimal() else EnumNumber()
    try:
        return HexId(bytes.fromhex(sent))
    except (TypeError, ValueError):
        return HexId(_NO_HEX)


def _without_nulls(document: Any) -> Any:
    """Returns JSON without members that are null: proto3 means by it that they are not set."""
    if is_object(document):
        return {name: _without_nulls(value) for name, value in document.items() if value is not None}
    if is_array(document):
        return [_without_nulls(item) for item in document]
    return document


def _without_halves(data: bytes) -> bytes:
    """Returns JSON without halves of characters: JavaScript writes them where it has cut a text."""
    return _ESCAPES.sub(lambda found: _REPLACEMENT if found[1] else found[0], data)


def _decoder(descriptor: Descriptor) -> Callable[[bytes], Any]:
    struct = _struct(descriptor)
    decoder = msgspec.json.Decoder(struct, strict=False, dec_hook=_hooked)

    def decode(data: bytes) -> Any:
        try:
            try:
                return decoder.decode(data)
            except msgspec.DecodeError:
                document = _without_nulls(msgspec.json.decode(_without_halves(data)))
                return msgspec.convert(document, struct, strict=False, dec_hook=_hooked)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            message = f"the body is no {descriptor.full_name} as JSON: {error}"
            raise MalformedTelemetryError(message) from error

    return decode


_REQUESTS: Final = tuple(
    message.DESCRIPTOR
    for message in (ExportTraceServiceRequest, ExportLogsServiceRequest, ExportMetricsServiceRequest)
)

JSON = Form(
    traces=_decoder(_REQUESTS[0]),
    logs=_decoder(_REQUESTS[1]),
    metrics=_decoder(_REQUESTS[2]),
    value=value_of,
    attributes=attributes_of,
    set_in=_set_in,
)
