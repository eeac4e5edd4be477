"""Checks requests against the rules that the contract gives their fields.

A plan is compiled once for each message type from `timeloom.type.v1.rules`, and covers nested, repeated
and map fields. A field that is not set (proto3: at its default) meets every rule but `required`; the
elements of a repeated field always count as set. Besides the rules, the number of an enum must be one
that the contract names. A rule that does not fit the type of its field is a defect of the contract, found
when the plan is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from timeloom.type.v1 import annotations_pb2
from timeloom_platform.errors import FieldViolation, InvalidFieldError
from timeloom_platform.field_rules import Check, compile_element_check, refuse_unfit_rules

VIOLATIONS_MAX = 20

# What is wrong so far, as (path, description); a step of a plan appends to it.
_Found = list[tuple[str, str]]
_Step = Callable[[Any, _Found], None]


class RequestValidator:
    """Compiles checks of messages, and keeps the plan of each type that it has met."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, frozenset[str]], _Plan] = {}

    def compile(self, descriptor: Descriptor) -> Callable[[Message], None]:
        """Return the function that checks messages of the type.

        It raises an `InvalidFieldError` that names the fields that break their rules, at most 20 of them.

        Raises:
            ContractError: A rule does not fit the type of its field.
        """
        plan = self._plan(descriptor, frozenset())

        def check(message: Message) -> None:
            found: _Found = []
            for step in plan.steps:
                step(message, found)
            if found:
                raise _error(found)

        return check

    def _plan(self, descriptor: Descriptor, optional: frozenset[str]) -> _Plan:
        key = (descriptor.full_name, optional)
        plan = self._plans.get(key)
        if plan is None:
            # Known before it is filled, because a type may contain itself.
            plan = self._plans[key] = _Plan()
            plan.steps = tuple(
                step for field in descriptor.fields for step in self._steps(field, field.name in optional)
            )
        return plan

    def _steps(self, field: FieldDescriptor, optional: bool) -> Iterable[_Step]:  # noqa: FBT001 - internal
        rules = field.GetOptions().Extensions[annotations_pb2.rules]
        refuse_unfit_rules(field, rules)
        if rules.required and not optional:
            yield _required(field)
        if rules.max_items:
            yield _max_items(field, rules.max_items)
        value = _map_value(field) or field
        check = compile_element_check(value, rules)
        if check is not None:
            yield _each_element(field, check) if field.is_repeated else _single(field, check)
        if value.message_type is not None and not _is_well_known(value.message_type):
            plan = self._plan(value.message_type, frozenset(rules.optional_fields))
            yield _nested(field, plan)


def _error(found: _Found) -> InvalidFieldError:
    violations = [FieldViolation(field=path, description=text) for path, text in found[:VIOLATIONS_MAX]]
    first = violations[0]
    others = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return InvalidFieldError(f"{first.field} {first.description}{others}", violations=violations)


class _Plan:
    """The steps that check one message type; none if it has no rules anywhere below."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps: tuple[_Step, ...] = ()

    def check(self, message: Message, found: _Found) -> None:
        for step in self.steps:
            step(message, found)


def _is_well_known(descriptor: Descriptor) -> bool:
    return descriptor.full_name.startswith("google.protobuf.")


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        return entry.fields_by_name["value"]
    return None


def _required(field: FieldDescriptor) -> _Step:
    name, path = field.name, field.json_name
    is_text = field.cpp_type == FieldDescriptor.CPPTYPE_STRING

    def step(message: Message, found: _Found) -> None:
        absent = (
            not message.HasField(name) or (is_text and not getattr(message, name))
            if field.has_presence
            else not getattr(message, name)
        )
        if absent:
            found.append((path, "is required"))

    return step


def _max_items(field: FieldDescriptor, limit: int) -> _Step:
    name, path = field.name, field.json_name

    def step(message: Message, found: _Found) -> None:
        count = len(getattr(message, name))
        if count > limit:
            found.append((path, f"has {count} elements; at most {limit} are allowed"))

    return step


def _single(field: FieldDescriptor, check: Check) -> _Step:
    name, path = field.name, field.json_name

    def step(message: Message, found: _Found) -> None:
        value = getattr(message, name)
        # Where a field knows whether it was set, an explicit zero is checked like any other value.
        if value or (field.has_presence and message.HasField(name)):
            problem = check(value)
            if problem is not None:
                found.append((path, problem))

    return step


def _each_element(field: FieldDescriptor, check: Check) -> _Step:
    name, path, is_map = field.name, field.json_name, _map_value(field) is not None

    def step(message: Message, found: _Found) -> None:
        elements = getattr(message, name)
        for key, value in elements.items() if is_map else enumerate(elements):
            problem = check(value)
            if problem is not None:
                found.append((_element_path(path, key), problem))
                if len(found) >= VIOLATIONS_MAX:
                    return

    return step


def _nested(field: FieldDescriptor, plan: _Plan) -> _Step:
    name, path, is_map = field.name, field.json_name, _map_value(field) is not None

    def single(message: Message, found: _Found) -> None:
        if plan.steps and message.HasField(name):
            _below(path, getattr(message, name), found)

    def each(message: Message, found: _Found) -> None:
        if not plan.steps:
            return
        elements = getattr(message, name)
        for key, element in elements.items() if is_map else enumerate(elements):
            if len(found) >= VIOLATIONS_MAX:
                return
            known = len(found)
            plan.check(element, found)
            if len(found) > known:
                _prefix(found, known, _element_path(path, key))

    def _below(prefix: str, element: Message, found: _Found) -> None:
        known = len(found)
        plan.check(element, found)
        if len(found) > known:
            _prefix(found, known, prefix)

    return each if field.is_repeated else single


def _prefix(found: _Found, start: int, prefix: str) -> None:
    found[start:] = [(f"{prefix}.{path}", text) for path, text in found[start:]]


def _element_path(path: str, key: object) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else f'{path}["{key}"]'
