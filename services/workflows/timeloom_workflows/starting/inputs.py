"""Whether an input is what a workflow asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from timeloom_platform.errors import FieldViolation, InvalidFieldError
from timeloom_workflows.definitions.schemas import SchemaProblemError, errors_of, validator_of

VIOLATIONS_MAX: Final = 20
MESSAGE_LENGTH_MAX: Final = 300


class InputSchema:
    """A JSON Schema (draft 2020-12) of inputs, ready to be used; it refers to nothing outside of itself."""

    def __init__(self, schema: Any) -> None:
        self._validator = validator_of(schema)

    def check(self, value: Any, field: str) -> None:
        """Does nothing if a value is what the schema asks for.

        Raises:
            InvalidFieldError: It is not; the violations name the places within the field.
        """
        try:
            found = list(islice(errors_of(self._validator, value), VIOLATIONS_MAX))
        except SchemaProblemError as error:
            raise InvalidFieldError.of(
                field, f"cannot be checked: the workflow's schema {error.message}"
            ) from None
        if found:
            violations = [
                FieldViolation(field=field + _place_of(each.absolute_path), description=_text_of(each))
                for each in found
            ]
            first = violations[0]
            raise InvalidFieldError(f"{first.field}: {first.description}", violations=violations)


def _place_of(path: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


def _text_of(error: ValidationError) -> str:
    """What is wrong, without what was given: that may be long, and a secret."""
    if error.validator == "required":
        return error.message[:MESSAGE_LENGTH_MAX]
    if error.validator == "type":
        return f"must be of type {error.validator_value}"
    return f"does not meet `{error.validator}` of the workflow's input: {error.validator_value!r}"[
        :MESSAGE_LENGTH_MAX
    ]
