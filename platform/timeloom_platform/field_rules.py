"""The rules of one field, compiled into one function that says what is wrong with a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from timeloom.type.v1.annotations_pb2 import FieldRules
from timeloom_platform.contract import ContractError

# Returns what is wrong with a value, to be read after the field's name; None if nothing is.
Check = Callable[[Any], str | None]

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NUMBERS = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
        FieldDescriptor.CPPTYPE_DOUBLE,
        FieldDescriptor.CPPTYPE_FLOAT,
        FieldDescriptor.CPPTYPE_ENUM,
    }
)


def refuse_unfit_rules(field: FieldDescriptor, rules: FieldRules) -> None:
    """Do nothing if each rule fits the type of the field.

    Raises:
        ContractError: One does not.
    """
    entry = field.message_type
    is_map = entry is not None and entry.GetOptions().map_entry
    value = entry.fields_by_name["value"] if is_map and entry is not None else field
    is_string = value.type == FieldDescriptor.TYPE_STRING
    is_bytes = value.type == FieldDescriptor.TYPE_BYTES
    unfit = {
        "min_length": rules.min_length and not is_string,
        "max_length": rules.max_length and not (is_string or is_bytes),
        "pattern": rules.pattern and not is_string,
        "uuid": rules.uuid and not is_string,
        "in": getattr(rules, "in") and not is_string,
        "min": rules.min and value.cpp_type not in _NUMBERS,
        "max": rules.max and value.cpp_type not in _NUMBERS,
        "max_items": rules.max_items and not field.is_repeated,
        "optional_fields": rules.optional_fields and value.message_type is None,
    }
    names = [name for name, is_unfit in unfit.items() if is_unfit]
    if names:
        raise ContractError(f"{field.full_name}: the rules {', '.join(names)} do not fit its type")
    if rules.optional_fields and value.message_type is not None:
        unknown = set(rules.optional_fields) - set(value.message_type.fields_by_name)
        if unknown:
            raise ContractError(f"{field.full_name}: optional_fields names {', '.join(sorted(unknown))}")


def compile_element_check(field: FieldDescriptor, rules: FieldRules) -> Check | None:
    """Return the check of one value (of one element, if the field is repeated); None if it needs none."""
    checks = list(_string_checks(field, rules))
    if field.type == FieldDescriptor.TYPE_BYTES and rules.max_length:
        checks.append(_bytes_length(rules.max_length))
    if rules.min or rules.max:
        checks.append(_range(rules))
    if field.enum_type is not None:
        checks.append(_known_enum_value(field.enum_type))
    if not checks:
        return None
    return checks[0] if len(checks) == 1 else _all(tuple(checks))


def _string_checks(field: FieldDescriptor, rules: FieldRules) -> list[Check]:
    if field.type != FieldDescriptor.TYPE_STRING:
        return []
    checks: list[Check] = []
    if rules.min_length or rules.max_length:
        checks.append(_string_length(rules.min_length, rules.max_length))
    if rules.uuid:
        checks.append(_uuid)
    if rules.pattern:
        checks.append(_pattern(field, rules.pattern))
    allowed = tuple(getattr(rules, "in"))
    if allowed:
        checks.append(_one_of(allowed))
    return checks


def _all(checks: tuple[Check, ...]) -> Check:
    def check(value: Any) -> str | None:
        for each in checks:
            problem = each(value)
            if problem is not None:
                return problem
        return None

    return check


def _string_length(shortest: int, longest: int) -> Check:
    def check(value: str) -> str | None:
        length = len(value)
        if length < shortest:
            return f"must have at least {shortest} characters" if shortest > 1 else "must not be empty"
        if longest and length > longest:
            return f"has {length} characters; at most {longest} are allowed"
        return None

    return check


def _bytes_length(longest: int) -> Check:
    def check(value: bytes) -> str | None:
        length = len(value)
        return f"has {length} bytes; at most {longest} are allowed" if length > longest else None

    return check


def _uuid(value: str) -> str | None:
    return None if _UUID.fullmatch(value) else "must be a UUID"


def _pattern(field: FieldDescriptor, pattern: str) -> Check:
    try:
        fullmatch = re.compile(pattern, re.ASCII).fullmatch
    except re.error as error:
        raise ContractError(f"{field.full_name}: the pattern does not compile: {error}") from None
    problem = f"must match {pattern}"

    def check(value: str) -> str | None:
        return None if fullmatch(value) else problem

    return check


def _one_of(allowed: tuple[str, ...]) -> Check:
    names = frozenset(allowed)
    problem = f"must be one of {', '.join(allowed)}"

    def check(value: str) -> str | None:
        return None if value in names else problem

    return check


def _range(rules: FieldRules) -> Check:
    least = rules.min or float("-inf")
    greatest = rules.max or float("inf")
    bounds = [f"at least {rules.min:g}"] * bool(rules.min) + [f"at most {rules.max:g}"] * bool(rules.max)
    problem = f"must be {' and '.join(bounds)}"

    def check(value: float) -> str | None:
        # Written so that NaN, which compares as false with everything, is refused.
        return None if least <= value <= greatest else problem

    return check


def _known_enum_value(enum: EnumDescriptor) -> Check:
    known = frozenset(enum.values_by_number)
    problem = f"is not a value of {enum.name}"

    def check(value: int) -> str | None:
        return None if value in known else problem

    return check
