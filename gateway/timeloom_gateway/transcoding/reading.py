"""JSON to the fields of a message, by a plan compiled once per message type.

A document is decoded one level at a time: the members of an object stay raw until the
field that they belong to reads them. A JSON document inside a request (an agent's state) is
therefore checked for well-formedness but never built as objects, and errors know the path
of the field. The result is the keyword arguments of the message's constructor, which
builds nested messages, lists and maps in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from timeloom_gateway.transcoding import scalars, wellknown
from timeloom_gateway.transcoding.violations import VIOLATIONS_MAX, Invalid, Violation

T = TypeVar("T")
V = TypeVar("V")

Values = dict[str, Any]
"""The keyword arguments of a message's constructor."""

_NULL = b"null"

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])
_strings = msgspec.json.Decoder(list[str])


class MessageReader:
    """Reads JSON objects into the fields of one message type."""

    __slots__ = ("_fields", "_set_elsewhere", "_type_name")

    def __init__(
        self, type_name: str, fields: dict[str, Field], *, set_elsewhere: Mapping[str, str] | None = None
    ) -> None:
        self._type_name = type_name
        self._fields = fields
        self._set_elsewhere = set_elsewhere or {}

    def without(self, paths: Mapping[tuple[str, ...], str]) -> MessageReader:
        """The same reader, which refuses fields that other parts of the request set: it says which."""
        inner: dict[str, dict[tuple[str, ...], str]] = {}
        for (name, *rest), where in paths.items():
            inner.setdefault(name, {})[tuple(rest)] = where
        gone = {
            key: inner[field.name][()]
            for key, field in self._fields.items()
            if () in inner.get(field.name, ())
        }
        fields: dict[str, Field] = {}
        for key, field in self._fields.items():
            if key in gone:
                continue
            narrower = (
                field.message.without(inner[field.name]) if field.message and field.name in inner else None
            )
            fields[key] = replace(field, read=narrower.read, message=narrower) if narrower else field
        return MessageReader(self._type_name, fields, set_elsewhere=gone)

    def read(self, document: msgspec.Raw | bytes) -> Values:
        """The values of a JSON object's members; Invalid names every member that is wrong."""
        try:
            members = _object.decode(document)
        except msgspec.ValidationError:
            raise Invalid.value("must be an object") from None
        values: Values = {}
        violations: list[Violation] = []
        oneofs: dict[str, str] = {}
        for key, raw in members.items():
            try:
                field = self._fields.get(key) or self._unknown(key)
                value = field.read(raw)
                if value is None:
                    continue
                _refuse_repetition(field, key, values, oneofs)
                values[field.name] = value
            except Invalid as error:
                violations.extend(error.below(key))
                if len(violations) >= VIOLATIONS_MAX:
                    break
        if violations:
            raise Invalid(*violations[:VIOLATIONS_MAX])
        return values

    def _unknown(self, key: str) -> Field:
        if key in self._set_elsewhere:
            raise Invalid.value(f"is given in {self._set_elsewhere[key]} and must not be in the body")
        raise Invalid.value(f"is not a field of {self._type_name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How one field is read; a singular message's reader is kept, so that it can be narrowed."""

    name: str
    oneof: str
    read: Callable[[msgspec.Raw], Any]
    message: MessageReader | None


class Readers:
    """The readers of a descriptor pool's message types, each compiled at its first use."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool
        self._messages: dict[str, MessageReader] = {}

    def message(self, descriptor: Descriptor) -> MessageReader:
        """The reader of a message type."""
        reader = self._messages.get(descriptor.full_name)
        if reader is None:
            # The fields follow the reader, because a message type may contain itself.
            fields: dict[str, Field] = {}
            reader = self._messages[descriptor.full_name] = MessageReader(descriptor.name, fields)
            for field in descriptor.fields:
                fields[field.json_name] = fields[field.name] = self._field(field)
        return reader

    def _field(self, field: FieldDescriptor) -> Field:
        descriptor = field.message_type
        message = descriptor if descriptor and is_plain(descriptor) and not field.is_repeated else None
        return Field(
            name=field.name,
            oneof=field.containing_oneof.name if field.containing_oneof else "",
            read=self.field(field),
            message=self.message(message) if message else None,
        )

    def field(self, field: FieldDescriptor) -> Callable[[msgspec.Raw], Any]:
        """The reader of a whole field: a value, a list or a map."""
        entry = map_entry(field)
        if entry is not None:
            return self._map(entry)
        if not field.is_repeated:
            return self._element(field)
        if field.type == FieldDescriptor.TYPE_STRING:
            return _read_strings
        return _list_reader(self._element(field))

    def _element(self, field: FieldDescriptor) -> Callable[[msgspec.Raw], Any]:
        descriptor = field.message_type
        if descriptor is None:
            return scalars.json_reader(field)
        name = descriptor.full_name
        if name in wellknown.TEXTUAL:
            parse = wellknown.text_parser(name)
            return lambda raw: parse(scalars.read_string(raw))
        if name in wellknown.WRAPPERS:
            return _wrapper_reader(scalars.json_reader(descriptor.fields_by_name["value"]))
        if name in wellknown.DYNAMIC:
            return wellknown.dynamic_reader(descriptor, self._pool)
        return self.message(descriptor).read

    def _map(self, entry: Descriptor) -> Callable[[msgspec.Raw], Any]:
        read_key = scalars.text_reader(entry.fields_by_name["key"])
        read_value = self._element(entry.fields_by_name["value"])

        def read(raw: msgspec.Raw) -> dict[Any, Any]:
            try:
                members = _object.decode(raw)
            except msgspec.ValidationError:
                raise Invalid.value("must be an object") from None
            entries = ((f'["{key}"]', (key, value)) for key, value in members.items())
            return dict(_each(entries, lambda entry: (read_key(entry[0]), read_value(entry[1]))))

        return read


def map_entry(field: FieldDescriptor) -> Descriptor | None:
    """The type of a map field's entries; None for other fields."""
    descriptor = field.message_type
    return descriptor if descriptor is not None and descriptor.GetOptions().map_entry else None


def is_plain(descriptor: Descriptor) -> bool:
    """Whether REST shows a message as an object with a member for each field."""
    special = wellknown.TEXTUAL | wellknown.WRAPPERS | wellknown.DYNAMIC
    return descriptor.full_name not in special and not descriptor.GetOptions().map_entry


def _refuse_repetition(field: Field, key: str, values: Values, oneofs: dict[str, str]) -> None:
    if field.name in values:
        raise Invalid.value("is given twice, under two spellings")
    if field.oneof:
        other = oneofs.setdefault(field.oneof, key)
        if other != key:
            raise Invalid.value(f"cannot be given together with {other}")


def _read_strings(raw: msgspec.Raw) -> list[str]:
    try:
        return _strings.decode(raw)
    except msgspec.ValidationError:
        return _list_reader(scalars.read_string)(raw)


def _list_reader(read_item: Callable[[msgspec.Raw], Any]) -> Callable[[msgspec.Raw], list[Any]]:
    def read(raw: msgspec.Raw) -> list[Any]:
        try:
            items = _array.decode(raw)
        except msgspec.ValidationError:
            raise Invalid.value("must be a list") from None
        try:
            return [read_item(item) for item in items]
        except Invalid:
            # Once more, now with an eye on which of them are wrong.
            return _each(((f"[{index}]", item) for index, item in enumerate(items)), read_item)

    return read


def _each(items: Iterable[tuple[str, T]], read: Callable[[T], V]) -> list[V]:
    """Reads every item; Invalid names those that are wrong by the segment that comes with each."""
    values: list[V] = []
    violations: list[Violation] = []
    for segment, item in items:
        try:
            values.append(read(item))
        except Invalid as error:
            violations.extend(error.below(segment))
            if len(violations) >= VIOLATIONS_MAX:
                break
    if violations:
        raise Invalid(*violations[:VIOLATIONS_MAX])
    return values


def _wrapper_reader(read_value: Callable[[msgspec.Raw], Any]) -> Callable[[msgspec.Raw], Values | None]:
    def read(raw: msgspec.Raw) -> Values | None:
        return None if bytes(raw) == _NULL else {"value": read_value(raw)}

    return read
