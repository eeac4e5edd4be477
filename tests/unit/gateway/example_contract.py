"""A contract with every kind of field and binding, for the tests of the transcoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf import (
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from timeloom.type.v1 import annotations_pb2 as options
from timeloom_gateway.contracts import Contracts

PACKAGE = "timeloom.example.v1"
_TYPES = FieldDescriptorProto.Type

SCALARS = [
    *("double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "bytes"),
    *("uint32", "sfixed32", "sfixed64", "sint32", "sint64"),
]
WELL_KNOWN = [
    *("Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "DoubleValue", "FloatValue"),
    *("Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue"),
]


def field(message: DescriptorProto, name: str, kind: str, **more: Any) -> FieldDescriptorProto:
    """Adds a field: `kind` is a scalar's name, `json`, `enum:<full name>` or `message:<full name>`."""
    number = len(message.field) + 1
    added = message.field.add(name=name, number=number, json_name=_camel(name))
    added.label = (
        FieldDescriptorProto.LABEL_REPEATED if more.get("repeated") else FieldDescriptorProto.LABEL_OPTIONAL
    )
    if ":" in kind:
        family, type_name = kind.split(":")
        added.type = _TYPES.Value(f"TYPE_{family.upper()}")
        added.type_name = f".{type_name}"
    elif kind == "json":
        added.type = FieldDescriptorProto.TYPE_BYTES
        added.options.Extensions[options.json] = True
    else:
        added.type = _TYPES.Value(f"TYPE_{kind.upper()}")
    if "oneof" in more:
        added.oneof_index = more["oneof"]
    if more.get("optional"):
        added.proto3_optional = True
        added.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    return added


def map_field(message: DescriptorProto, name: str, key: str, value: str) -> None:
    """Adds a map field."""
    entry = message.nested_type.add(name=_camel(f"_{name}") + "Entry")
    entry.options.map_entry = True
    field(entry, "key", key)
    field(entry, "value", value)
    field(message, name, f"message:{PACKAGE}.{message.name}.{entry.name}", repeated=True)


def build(
    *,
    response_bodies: bool = True,
    change: Callable[[descriptor_pb2.FileDescriptorProto], object] | None = None,
) -> Contracts:
    """The example contract; Envoy wants it without `response_body`, and without streams of requests."""
    file = descriptor_pb2.FileDescriptorProto(
        name="timeloom/example/v1/example_service.proto", package=PACKAGE, syntax="proto3"
    )
    dependencies = (
        timestamp_pb2, duration_pb2, field_mask_pb2, struct_pb2, wrappers_pb2, empty_pb2,
        descriptor_pb2, options, http_pb2, annotations_pb2,
    )  # fmt: skip
    file.dependency.extend(each.DESCRIPTOR.name for each in dependencies)
    _enums(file)
    _everything(file)
    _requests(file)
    _service(file, response_bodies=response_bodies)
    if response_bodies:
        _stream_service(file)
    if change is not None:
        change(file)
    found = descriptor_pb2.FileDescriptorSet()
    for each in dependencies:
        each.DESCRIPTOR.CopyToProto(found.file.add())
    found.file.append(file)
    return Contracts(found)


def _enums(file: descriptor_pb2.FileDescriptorProto) -> None:
    paint = file.enum_type.add(name="PaintColor")
    for number, name in enumerate(("UNSPECIFIED", "RED", "DARK_BLUE")):
        paint.value.add(name=f"PAINT_COLOR_{name}", number=number)


def _everything(file: descriptor_pb2.FileDescriptorProto) -> None:
    message = file.message_type.add(name="Everything")
    # The real oneof comes first: protobuf wants those of `optional` fields after it.
    message.oneof_decl.add(name="choice")
    field(message, "chosen_text", "string", oneof=0)
    field(message, "chosen_number", "uint32", oneof=0)
    field(message, "chosen_document", "json", oneof=0)
    field(message, "chosen_message", f"message:{PACKAGE}.Everything", oneof=0)
    for scalar in SCALARS:
        field(message, f"a_{scalar}", scalar)
        field(message, f"optional_{scalar}", scalar, optional=True)
        field(message, f"many_{scalar}", scalar, repeated=True)
        map_field(message, f"mapped_{scalar}", "string", scalar)
    for key in ("int32", "int64", "uint32", "uint64", "bool", "string"):
        map_field(message, f"keyed_{key}", key, "string")
    for name, kind in (
        ("color", f"enum:{PACKAGE}.PaintColor"),
        ("document", "json"),
        ("inner", f"message:{PACKAGE}.Everything"),
        *((well_known.lower(), f"message:google.protobuf.{well_known}") for well_known in WELL_KNOWN),
    ):
        field(message, f"a_{name}", kind)
        field(message, f"many_{name}", kind, repeated=True)
        map_field(message, f"mapped_{name}", "string", kind)


def _requests(file: descriptor_pb2.FileDescriptorProto) -> None:
    filter_ = file.message_type.add(name="Filter")
    field(filter_, "min_size", "uint32")
    field(filter_, "colors", f"enum:{PACKAGE}.PaintColor", repeated=True)
    item = file.message_type.add(name="Item")
    for name, kind in (("name", "string"), ("size", "uint32"), ("note", "json"), ("etag", "string")):
        field(item, name, kind)
    request = file.message_type.add(name="ItemRequest")
    request.oneof_decl.add(name="place")
    for name, kind in (("shelf", "string"), ("name", "string"), ("number", "uint32")):
        field(request, name, kind)
    field(request, "item", f"message:{PACKAGE}.Item")
    field(request, "filter", f"message:{PACKAGE}.Filter")
    field(request, "tags", "string", repeated=True)
    field(request, "since", "message:google.protobuf.Timestamp")
    field(request, "limit", "message:google.protobuf.UInt32Value")
    field(request, "exact", "bool", optional=True)
    field(request, "room", "string", oneof=0)
    field(request, "street", "string", oneof=0)
    field(request, "data", "bytes")
    field(request, "ratio", "double")
    field(request, "document", "json")
    field(request, "etag", "string")
    resume = field(request, "after", "uint32")
    resume.options.Extensions[options.resume_position] = "item.size"
    response = file.message_type.add(name="ItemResponse")
    field(response, "item", f"message:{PACKAGE}.Item")
    field(response, "items", f"message:{PACKAGE}.Item", repeated=True)


def _service(file: descriptor_pb2.FileDescriptorProto, *, response_bodies: bool) -> None:
    service = file.service.add(name="ExampleService")
    for name, rule in RULES.items():
        method = service.method.add(
            name=name, input_type=f".{PACKAGE}.ItemRequest", output_type=f".{PACKAGE}.ItemResponse"
        )
        method.server_streaming = name == "WatchItems"
        method.options.Extensions[options.scope] = options.SCOPE_READ
        extensions: Any = method.options.Extensions
        extensions[annotations_pb2.http].CopyFrom(rule)
        if not response_bodies:
            extensions[annotations_pb2.http].ClearField("response_body")


_Rule = http_pb2.HttpRule
RULES = {
    "GetItem": _Rule(
        get="/api/shelves/{shelf}/items/{number}",
        response_body="item",
        additional_bindings=[_Rule(get="/api/items/{number}")],
    ),
    "ListItems": _Rule(get="/api/shelves/{shelf}/items", response_body="items"),
    "CreateItem": _Rule(post="/api/shelves/{shelf}/items", body="item", response_body="item"),
    "ChangeItem": _Rule(patch="/api/shelves/{shelf}/items/{number}", body="*"),
    "RenameItem": _Rule(put="/api/named/{item.name}", body="*"),
    "CountItem": _Rule(post="/api/shelves/{shelf}/items/{number}:count", body="*"),
    "PurgeShelf": _Rule(post="/api/shelves/{shelf}:purge"),
    "DeleteItem": _Rule(delete="/api/shelves/{shelf}/items/{number}"),
    "GetFile": _Rule(get="/api/files/{name=**}"),
    "GetPart": _Rule(get="/api/parts/{name=shelves/*/parts/*}/raw"),
    "WatchItems": _Rule(get="/api/shelves/{shelf}/watch"),
    "TouchItem": _Rule(custom={"kind": "PURGE", "path": "/api/items/{number}"}),
}


MEDIA_TYPE = "application/vnd.timeloom.example"
STREAMS = {
    # Who streams, and the rule.
    "TalkItems": ((True, True), _Rule(get="/api/shelves/{shelf}/talk")),
    "SendFile": (
        (True, False),
        _Rule(post="/api/shelves/{shelf}/files", body="data", response_body="item"),
    ),
    "ReceiveFile": (
        (False, True),
        _Rule(get="/api/shelves/{shelf}/files/{name}", response_body="data"),
    ),
    "PlayItems": ((False, True), _Rule(post="/api/shelves/{shelf}/watch", body="*")),
}


def _stream_service(file: descriptor_pb2.FileDescriptorProto) -> None:
    request = file.message_type.add(name="StreamRequest")
    for name, kind in (("shelf", "string"), ("name", "string"), ("number", "uint32"), ("document", "json")):
        field(request, name, kind)
    response = file.message_type.add(name="StreamResponse")
    field(response, "item", f"message:{PACKAGE}.Item")
    for message in (request, response):
        field(message, "data", "bytes").options.Extensions[options.media_type] = MEDIA_TYPE
    service = file.service.add(name="StreamService")
    for name, (streams, rule) in STREAMS.items():
        add_stream(service, name, streams, rule)


def add_stream(
    service: descriptor_pb2.ServiceDescriptorProto,
    name: str,
    streams: tuple[bool, bool],
    rule: http_pb2.HttpRule,
) -> descriptor_pb2.MethodDescriptorProto:
    """Adds a method with StreamRequest and StreamResponse."""
    method = service.method.add(
        name=name, input_type=f".{PACKAGE}.StreamRequest", output_type=f".{PACKAGE}.StreamResponse"
    )
    method.client_streaming, method.server_streaming = streams
    extensions: Any = method.options.Extensions
    extensions[options.scope] = options.SCOPE_WRITE
    extensions[annotations_pb2.http].CopyFrom(rule)
    return method


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
