"""JSON Schemas that somebody else wrote: looking at a value by one is bounded, whatever it says.

Patterns are matched in linear time, by the engine of the expressions. A schema may refer to itself, and to
nothing outside: no address is ever fetched. What would take too many steps is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final, cast

import msgspec
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from timeloom_platform.errors import InvalidExpressionError
from timeloom_platform.expressions import TEXT_LENGTH_MAX, Expression, compile_expression
from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.kinds import is_list, is_object

CHECKS_MAX: Final = 500_000
"""Keywords that are looked at for one value."""

REFERENCE_CHECKS: Final = 25
"""So much dearer is following a reference."""

PATTERNS_KEPT_MAX: Final = 256

_Keyword = Callable[[Validator, Any, Any, Mapping[str, Any]], Iterator[ValidationError] | None]
_checks: ContextVar[int] = ContextVar("_checks", default=CHECKS_MAX)


class SchemaProblemError(ValueError):
    """A schema is none, or cannot be used.

    Attributes:
        place: Where in the schema.
    """

    def __init__(self, message: str, place: Place = ()) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def validator_of(schema: Any) -> Validator:
    """Returns what looks at values by a schema that was checked.

    What it yields may raise a `SchemaProblemError`: the schema is too costly for the value.
    """
    registry: Registry[Any] = Registry()
    return cast("Validator", _Bounded(schema, registry=registry))


def errors_of(validator: Validator, value: Any) -> Iterator[ValidationError]:
    """Yields what is wrong with a value.

    Raises:
        SchemaProblemError: It takes too many steps to say so.
    """
    _checks.set(CHECKS_MAX)
    try:
        yield from validator.iter_errors(value)
    except RecursionError:
        raise SchemaProblemError("refers to itself without an end, or is nested too deeply") from None
    except Unresolvable:
        raise SchemaProblemError("refers to something that is not in it") from None


def check_schema(schema: Any) -> None:
    """Does nothing if values can be looked at by a schema.

    Raises:
        SchemaProblemError: They cannot.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        path: Any = error.absolute_path
        raise SchemaProblemError(_told(error), tuple(path)) from None
    except RecursionError:
        raise SchemaProblemError("is nested too deeply") from None
    for place, each in _schemas_in(schema, ()):
        _check_references(each, place)
        _check_patterns(each, place)
    for _ in errors_of(validator_of(schema), None):
        break


def _told(error: SchemaError) -> str:
    rule = json.dumps(error.validator_value)[:200]
    return f"is no JSON Schema: here `{error.validator}` has to hold, which is {rule}"


def _schemas_in(value: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yields all objects in a schema, also those that are no schemas: a value may look like one."""
    pending: list[tuple[Place, Any]] = [(place, value)]
    while pending:
        where, each = pending.pop()
        if is_object(each):
            yield where, each
            pending.extend(((*where, name), member) for name, member in each.items())
        elif is_list(each):
            pending.extend(((*where, index), element) for index, element in enumerate(each))


def _check_references(schema: dict[str, Any], place: Place) -> None:
    for keyword in _REFERENCES:
        reference = schema.get(keyword)
        if isinstance(reference, str) and not reference.startswith("#"):
            raise SchemaProblemError(
                "must refer to a place in this schema, such as `#/$defs/name`: no other one is read",
                (*place, keyword),
            )


def _check_patterns(schema: dict[str, Any], place: Place) -> None:
    patterns: list[tuple[Place, object]] = [((*place, "pattern"), schema.get("pattern"))]
    properties = schema.get("patternProperties")
    if is_object(properties):
        patterns += [((*place, "patternProperties", each), each) for each in properties]
    for where, pattern in patterns:
        if isinstance(pattern, str):
            try:
                _pattern(pattern).evaluate({"text": ""})
            except InvalidExpressionError:
                raise SchemaProblemError(
                    f"must be a regular expression of RE2 with at most {TEXT_LENGTH_MAX:,} characters",
                    where,
                ) from None


@lru_cache(maxsize=PATTERNS_KEPT_MAX)
def _pattern(pattern: str) -> Expression:
    quoted = json.dumps(pattern, ensure_ascii=False)
    return compile_expression(f"text.matches({quoted})", variables=("text",))


def _matches(pattern: str, text: str) -> bool:
    return bool(_pattern(pattern).evaluate({"text": text}))


def _match_pattern(
    validator: Validator, pattern: str, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    del schema
    if validator.is_type(instance, "string") and not _matches(pattern, instance):
        yield ValidationError(f"does not match {pattern!r}")


def _match_properties(
    validator: Validator, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    del schema
    if validator.is_type(instance, "object"):
        for pattern, subschema in properties.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from cast("Any", validator).descend(
                        value, subschema, path=name, schema_path=pattern
                    )


def _are_unique(
    validator: Validator, wanted: object, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    del schema
    if wanted and validator.is_type(instance, "array"):
        seen = {msgspec.json.encode(each, order="sorted") for each in instance}
        if len(seen) < len(instance):
            yield ValidationError("has elements that are equal")


def _counted(keyword: _Keyword, cost: int) -> _Keyword:
    def count(validator: Validator, value: Any, instance: Any, schema: Mapping[str, Any]) -> Any:
        left = _checks.get() - cost
        if left < 0:
            raise SchemaProblemError(f"takes more than {CHECKS_MAX:,} steps for this value")
        _checks.set(left)
        return keyword(validator, value, instance, schema)

    return count


_REFERENCES: Final = ("$ref", "$dynamicRef")
_OWN: Final[Mapping[str, _Keyword]] = {
    "pattern": _match_pattern,
    "patternProperties": _match_properties,
    "uniqueItems": _are_unique,
}
_extend: Callable[..., Any] = getattr(validators, "extend")  # noqa: B009 - it has no types
_Bounded: Final = _extend(
    Draft202012Validator,
    {
        name: _counted(keyword, REFERENCE_CHECKS if name in _REFERENCES else 1)
        for name, keyword in {**Draft202012Validator.VALIDATORS, **_OWN}.items()
    },
)
