"""What is wrong with the structure of a definition: its JSON Schema, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from msgspec import Struct
from referencing import Registry

from timeloom_workflows.definitions.document import Place, Problem, place_text
from timeloom_workflows.definitions.kinds import is_list, is_object, object_of, text_of

MISSING_FIELD: Final = "MISSING_FIELD"
UNKNOWN_FIELD: Final = "UNKNOWN_FIELD"
WRONG_TYPE: Final = "WRONG_TYPE"
NOT_ALLOWED: Final = "NOT_ALLOWED"
OUT_OF_RANGE: Final = "OUT_OF_RANGE"
UNBOUNDED_LOOP: Final = "UNBOUNDED_LOOP"
SCHEMA: Final = "SCHEMA"

_CODE: Final = "x-code"
_MESSAGE: Final = "errorMessage"
_TYPES: Final = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def schema_text() -> bytes:
    """Returns the JSON Schema of definitions."""
    return resources.files("timeloom_workflows.definitions").joinpath("schema.json").read_bytes()


def structure_problems(definition: Any) -> list[Problem]:
    """Returns what is wrong with the structure of a definition."""
    problems = (
        problem for error in _validator().iter_errors(definition) for problem in _problems(error, definition)
    )
    return list(dict.fromkeys(problems))


def step_id_at(definition: Any, place: Sequence[str | int]) -> str:
    """Returns the id of the innermost step that a place is in; empty if it is in none."""
    found = ""
    value = definition
    for key in place:
        value = _member(value, key)
        if is_object(value) and isinstance(key, int) and "type" in value:
            found = text_of(value, "id") or found
    return found


@cache
def _validator() -> Validator:
    return Draft202012Validator(msgspec.json.decode(schema_text()), registry=Registry())


class _Wrong(Struct, frozen=True):
    """What the validator found: a keyword of a schema that a value does not meet."""

    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    value: Any


def _problems(error: ValidationError, definition: Any) -> Iterator[Problem]:
    place = tuple(error.absolute_path)
    about: Any = error
    wrong = _Wrong(about.validator, about.validator_value, about.schema, about.instance)
    tell = _WORDS.get(wrong.keyword)
    if tell is None:
        yield _problem(definition, place, SCHEMA, f"does not meet `{wrong.keyword}` of the schema")
        return
    for key, code, message in tell(wrong):
        yield _problem(definition, place if key is None else (*place, key), code, message)


def _problem(definition: Any, place: Place, code: str, message: str) -> Problem:
    return Problem(place=place_text(place), step_id=step_id_at(definition, place), code=code, message=message)


_Told = Iterator[tuple[str | None, str, str]]
"""A field within the place, if it is about one; a code; and what to do."""


def _missing(wrong: _Wrong) -> _Told:
    for field in wrong.wanted:
        if field not in wrong.value:
            if field == "maxIterations":
                yield (
                    field,
                    UNBOUNDED_LOOP,
                    "is required: say after how many turns the loop fails at the latest",
                )
            else:
                yield field, MISSING_FIELD, f"is required{_described(wrong.schema, field)}"


def _unknown(wrong: _Wrong) -> _Told:
    known = list(wrong.schema["properties"])
    for field in wrong.value:
        if field not in known:
            close = get_close_matches(field, known, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"known here are {_listed(known)}"
            yield field, UNKNOWN_FIELD, f"is not known here; {hint}"


def _wrong_type(wrong: _Wrong) -> _Told:
    wanted = wrong.wanted
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = " or ".join(_TYPES[name] for name in names)
    yield None, *_own(wrong, WRONG_TYPE, f"must be {kinds}, not {_kind_of(wrong.value)}")


def _not_one_of(wrong: _Wrong) -> _Told:
    yield None, *_own(wrong, NOT_ALLOWED, f"must be one of {_listed(wrong.wanted)}")


def _bound(words: str) -> Callable[[_Wrong], _Told]:
    def tell(wrong: _Wrong) -> _Told:
        yield None, *_own(wrong, OUT_OF_RANGE, words.format(wrong.wanted))

    return tell


def _other(wrong: _Wrong) -> _Told:
    yield None, *_own(wrong, SCHEMA, "is not as it has to be here")


def _own(wrong: _Wrong, code: str, message: str) -> tuple[str, str]:
    """Returns what the schema itself says about whatever is wrong at a place, or else the usual."""
    return wrong.schema.get(_CODE, code), wrong.schema.get(_MESSAGE, message)


_WORDS: Final[Mapping[str, Callable[[_Wrong], _Told]]] = {
    "required": _missing,
    "additionalProperties": _unknown,
    "type": _wrong_type,
    "enum": _not_one_of,
    "minimum": _bound("must be at least {:,}"),
    "maximum": _bound("must be at most {:,}"),
    "minLength": _bound("must have at least {:,} characters"),
    "maxLength": _bound("must have at most {:,} characters"),
    "minItems": _bound("must have at least {:,} elements"),
    "maxItems": _bound("must have at most {:,} elements"),
    "pattern": _other,
    "anyOf": _other,
}


def _described(schema: Mapping[str, Any], field: str) -> str:
    description = text_of(object_of(schema.get("properties", {}).get(field)) or {}, "description")
    return f": {description[0].lower()}{description[1:].removesuffix('.')}" if description else ""


def _listed(values: Sequence[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _kind_of(value: object) -> str:
    match value:
        case None:
            return _TYPES["null"]
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return _TYPES["string"]
        case list():
            return _TYPES["array"]
        case _:
            return _TYPES["object"]


def _member(value: object, key: str | int) -> Any:
    if is_object(value):
        return value.get(str(key))
    if is_list(value) and isinstance(key, int) and key < len(value):
        return value[key]
    return None
