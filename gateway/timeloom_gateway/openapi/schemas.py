"""JSON Schemas of messages, for requests and for responses.

The two differ: a request's object takes no unknown members and follows the field rules; a
response's names the members that are always there, and may gain members in later versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from itertools import combinations
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from timeloom.type.v1.annotations_pb2 import FieldRules
from timeloom_gateway.contracts import is_json, rules_of
from timeloom_gateway.transcoding import scalars, wellknown
from timeloom_gateway.transcoding.reading import is_plain, map_entry

Schema = dict[str, Any]

_UUID: Final = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_EXAMPLE_UUID: Final = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"
_EXAMPLE = re.compile(r"such as `([^`]+)`")
_FIELD_NAME = re.compile(r"`[a-z]+(?:_[a-z]+)+`")
_FLOAT_NAMES: Final = ["NaN", "Infinity", "-Infinity"]
_TEXT_FORMATS: Final[Mapping[str, Schema]] = {
    wellknown.TIMESTAMP: {"type": "string", "format": "date-time"},
    wellknown.DURATION: {"type": "string", "pattern": r"^-?\d{1,12}(?:\.\d{1,9})?s$", "examples": ["3.5s"]},
    wellknown.FIELD_MASK: {"type": "string", "examples": ["name,tags"]},
}


class Schemas:
    """The schemas of a document's components, each added when it is first referred to."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self.components: dict[str, Schema] = {}
        self._comments = comments
        self._owners: dict[str, str] = {}

    def response(self, descriptor: Descriptor) -> Schema:
        """Refers to the schema of a message that the API sends."""
        return self._component(descriptor, "", lambda: self._response_object(descriptor))

    def response_field(self, field: FieldDescriptor) -> Schema:
        """The schema of a response's field, without its description."""
        return self._shape(field, self._response_element(field), FieldRules())

    def request(self, descriptor: Descriptor, *, without: Collection[tuple[str, ...]] = ()) -> Schema:
        """Refers to the schema of a request's body, without the fields that path and headers set."""
        return self._component(descriptor, "", lambda: self._request_object(descriptor, without=without))

    def request_field(self, field: FieldDescriptor) -> Schema:
        """The schema of one field of a request: a body, a parameter or a member."""
        rules = rules_of(field)
        return self._shape(field, self._request_element(field, rules), rules)

    def parameter(self, field: FieldDescriptor) -> Schema:
        """The schema of a field as it stands in a path or query."""
        if is_json(field):
            return {"type": "string", "contentMediaType": "application/json"}
        schema = self.request_field(field)
        if schema.get("type") == ["string", "integer"]:
            return {**schema, "type": "integer"}
        return schema

    def description(self, field: FieldDescriptor) -> Schema:
        """The description and the example that a field's comment gives, if it has one."""
        comment = self._comments.get(field.full_name, "")
        if not comment and field.message_type is not None:
            comment = self._comments.get(field.message_type.full_name, "")
        if not comment:
            return {}
        # Where a field allows certain words only, what looks like a field's name is one of them.
        has_words = bool(getattr(rules_of(field), "in"))
        found: Schema = {"description": comment if has_words else with_rest_names(comment)}
        example = _EXAMPLE.search(comment)
        if example and field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
            found["examples"] = [example[1]]
        return found

    def _response_object(self, descriptor: Descriptor) -> Schema:
        always = [
            field.json_name
            for field in descriptor.fields
            if not field.has_presence and (field.is_repeated or not is_json(field))
        ]
        return self._object(
            descriptor,
            {field.json_name: self.response_field(field) for field in descriptor.fields},
            always,
        )

    def _request_object(
        self,
        descriptor: Descriptor,
        *,
        without: Collection[tuple[str, ...]] = (),
        optional: Collection[str] = (),
    ) -> Schema:
        fields = [field for field in descriptor.fields if (field.name,) not in without]
        properties = {field.json_name: self.request_field(field) for field in fields}
        for field in fields:
            inner = [path[1:] for path in without if path[0] == field.name]
            if inner and field.message_type is not None:
                properties[field.json_name] = self._request_object(field.message_type, without=inner)
        required = [
            field.json_name for field in fields if rules_of(field).required and field.name not in optional
        ]
        schema = self._object(descriptor, properties, required)
        schema["additionalProperties"] = False
        exclusive = [
            {"required": [one.json_name, other.json_name]}
            for oneof in descriptor.oneofs
            for one, other in combinations(oneof.fields, 2)
        ]
        if exclusive:
            schema["not"] = {"anyOf": exclusive}
        return schema

    def _object(self, descriptor: Descriptor, properties: dict[str, Schema], required: list[str]) -> Schema:
        fields = {field.json_name: field for field in descriptor.fields}
        described = {
            name: {**schema, **self.description(fields[name])} for name, schema in properties.items()
        }
        schema: Schema = {"type": "object", "properties": described}
        if required:
            schema["required"] = required
        comment = self._comments.get(descriptor.full_name)
        return {"description": comment, **schema} if comment else schema

    def _response_element(self, field: FieldDescriptor) -> Schema:
        descriptor = field.message_type
        if descriptor is not None and is_plain(descriptor):
            return self.response(descriptor)
        if field.enum_type is not None:
            return self._enum(field.enum_type, list(scalars.short_names(field.enum_type).values()))
        return _scalar(field, FieldRules(), request=False)

    def _request_element(self, field: FieldDescriptor, rules: FieldRules) -> Schema:
        descriptor = field.message_type
        if descriptor is not None and is_plain(descriptor):
            return self._request_message(descriptor, rules.optional_fields)
        if field.enum_type is not None:
            return self._enum(field.enum_type, _allowed_names(field.enum_type, field, rules))
        return _scalar(field, rules, request=True)

    def _request_message(self, descriptor: Descriptor, optional: Collection[str]) -> Schema:
        return self._component(
            descriptor, "Input", lambda: self._request_object(descriptor, optional=optional)
        )

    def _component(self, descriptor: Descriptor, suffix: str, build: Callable[[], Schema]) -> Schema:
        """Refers to a component; of types with one name in several rooms, later ones carry the room's."""
        name = descriptor.name + suffix
        if self._owners.setdefault(name, descriptor.full_name) != descriptor.full_name:
            name = descriptor.full_name.split(".")[1].title() + name
            self._owners[name] = descriptor.full_name
        if name not in self.components:
            self.components[name] = {}  # known before it is built, because a type may contain itself
            self.components[name] = build()
        return _reference(name)

    def _shape(self, field: FieldDescriptor, element: Schema, rules: FieldRules) -> Schema:
        entry = map_entry(field)
        if entry is not None:
            value = entry.fields_by_name["value"]
            return {"type": "object", "additionalProperties": self._response_element(value)}
        if not field.is_repeated:
            return element
        schema: Schema = {"type": "array", "items": element}
        if rules.required:
            schema["minItems"] = 1
        if rules.max_items:
            schema["maxItems"] = rules.max_items
        return schema

    def _enum(self, enum: EnumDescriptor, names: list[str]) -> Schema:
        shown = scalars.short_names(enum)
        comments = {name: self._comments.get(f"{enum.full_name}.{name}", "") for name in shown}
        lines = [
            f"- `{shown[name]}`: {text}" for name, text in comments.items() if text and shown[name] in names
        ]
        schema: Schema = {"type": "string", "enum": names}
        comment = self._comments.get(enum.full_name, "")
        description = "\n\n".join(part for part in (comment, "\n".join(lines)) if part)
        return {**schema, "description": description} if description else schema


def with_rest_names(comment: str) -> str:
    """A comment whose field names are those of REST: `next_page_token` becomes `nextPageToken`."""
    return _FIELD_NAME.sub(lambda name: re.sub("_(.)", lambda tail: tail[1].upper(), name[0]), comment)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _allowed_names(enum: EnumDescriptor, field: FieldDescriptor, rules: FieldRules) -> list[str]:
    """The names within the field's bounds; zero is allowed where the field may be left out."""
    shown = scalars.short_names(enum)
    low, high = rules.min or float("-inf"), rules.max or float("inf")
    may_be_zero = not rules.required and not field.is_repeated
    return [
        shown[value.name]
        for value in enum.values
        if (may_be_zero and value.number == 0)
        or (low <= value.number <= high and not (rules.required and value.number == 0))
    ]


def _scalar(field: FieldDescriptor, rules: FieldRules, *, request: bool) -> Schema:
    if field.message_type is not None:
        return _well_known(field.message_type, request=request)
    limits = scalars.integer_range(field)
    if limits is not None:
        return _integer(field, rules, limits, request=request)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _string(field, rules)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {} if is_json(field) else {"type": "string", "contentEncoding": "base64"}
    return {"type": "boolean"} if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else _float(rules)


def _float(rules: FieldRules) -> Schema:
    bounds = {name: bound for name, bound in (("minimum", rules.min), ("maximum", rules.max)) if bound}
    if bounds:
        return {"type": "number", **bounds}
    return {"anyOf": [{"type": "number"}, {"enum": _FLOAT_NAMES}]}


def _well_known(descriptor: Descriptor, *, request: bool) -> Schema:
    name = descriptor.full_name
    if name in _TEXT_FORMATS:
        return dict(_TEXT_FORMATS[name])
    if name in wellknown.WRAPPERS:
        value = _scalar(descriptor.fields_by_name["value"], FieldRules(), request=request)
        return {"anyOf": [value, {"type": "null"}]} if request else value
    return {"type": "object"} if name.endswith(("Struct", "Any")) else {}


def _integer(field: FieldDescriptor, rules: FieldRules, limits: tuple[int, int], *, request: bool) -> Schema:
    if scalars.is_wide(field):
        return {"type": ["string", "integer"] if request else "string", "pattern": r"^-?\d{1,20}$"}
    low = max(limits[0], rules.min) if rules.min else limits[0]
    high = min(limits[1], rules.max) if rules.max else limits[1]
    if rules.required and not field.is_repeated and low == 0:
        low = 1
    return {"type": "integer", "minimum": int(low), "maximum": int(high)}


def _string(field: FieldDescriptor, rules: FieldRules) -> Schema:
    """A string by its rules; an empty one is allowed where the field may be left out."""
    may_be_empty = not (rules.required or field.is_repeated or field.has_presence)
    schema: Schema = {"type": "string"}
    allowed = list(getattr(rules, "in"))
    pattern = _UUID if rules.uuid else rules.pattern
    shortest = max(rules.min_length, int(rules.required))
    if shortest and not may_be_empty:
        schema["minLength"] = shortest
    if rules.max_length:
        schema["maxLength"] = rules.max_length
    if pattern:
        schema["pattern"] = f"^(?:{pattern}){'?' if may_be_empty else ''}$"
    if rules.uuid:
        schema["examples"] = [_EXAMPLE_UUID]
        if not may_be_empty:
            schema["format"] = "uuid"
    if allowed:
        schema["enum"] = ["", *allowed] if may_be_empty else allowed
    return schema
