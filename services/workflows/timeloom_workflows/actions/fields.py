"""Reading the fields of a rendered action: expressions may have made anything of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from timeloom_workflows.actions.call import InvalidActionError

HEADERS_MAX: Final = 100
QUERY_PARAMETERS_MAX: Final = 200

Fields = Mapping[str, Any]


def text(fields: Fields, name: str, default: str | None = None) -> str:
    """Return a text; it may only be absent if there is a default.

    Raises:
        InvalidActionError: It is not a text, or absent.
    """
    value = fields.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise InvalidActionError(f"`{name}` must be a text that is not empty")
    return value


def scalar(value: object, name: str) -> str:
    """Return a text, number or truth value as a text.

    Raises:
        InvalidActionError: It is none of them.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            raise InvalidActionError(f"`{name}` must be a text, number or truth value")


def headers(fields: Fields, name: str = "headers") -> list[tuple[str, str]]:
    """Return names, in lower case, and values.

    Raises:
        InvalidActionError: It is not an object of texts, or has too many, or characters that no header has.
    """
    found = mapping(fields, name)
    if len(found) > HEADERS_MAX:
        raise InvalidActionError(f"`{name}` must have at most {HEADERS_MAX} members")
    pairs = [(key.lower(), scalar(value, f"{name}.{key}")) for key, value in found.items()]
    for key, value in pairs:
        if not (key.isascii() and all(each.isalnum() or each in "-_.!#$%&'*+^`|~" for each in key) and key):
            raise InvalidActionError(f"`{name}` has a name that no header can have")
        if not value.isascii() or any(each < " " and each != "\t" for each in value):
            raise InvalidActionError(f"`{name}.{key}` has characters that no header can have")
    return pairs


def query(fields: Fields) -> list[tuple[str, str]]:
    """Return the parameters of a URL's query; those that are null are left out, lists repeat their name.

    Raises:
        InvalidActionError: A value is of another kind, or there are too many.
    """
    pairs: list[tuple[str, str]] = []
    for key, value in mapping(fields, "query").items():
        values = elements(value)
        values = [value] if values is None else values
        pairs += [(key, scalar(each, f"query.{key}")) for each in values if each is not None]
    if len(pairs) > QUERY_PARAMETERS_MAX:
        raise InvalidActionError(f"`query` must have at most {QUERY_PARAMETERS_MAX} values")
    return pairs


def mapping(fields: Fields, name: str) -> Mapping[str, Any]:
    """Return an object; an empty one if it is absent.

    Raises:
        InvalidActionError: It is something else.
    """
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidActionError(f"`{name}` must be an object")
    return cast("Mapping[str, Any]", value)


def elements(value: object) -> Sequence[Any] | None:
    """Return a list as one of anything; None if it is something else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else None


def flag(fields: Fields, name: str, *, default: bool) -> bool:
    """Return a truth value.

    Raises:
        InvalidActionError: It is something else.
    """
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise InvalidActionError(f"`{name}` must be true or false")
    return value
