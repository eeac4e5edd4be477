"""Query parameters to the fields of a message.

Every field that neither the path nor the body sets is a parameter: `pageSize=20`, a field
of a nested message by its path (`filter.agentId=planner`), a repeated field by repeating
the parameter. Names are the REST names; the proto names are accepted too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from timeloom_gateway.transcoding import scalars, wellknown
from timeloom_gateway.transcoding.reading import Values, is_plain
from timeloom_gateway.transcoding.violations import Invalid, Violation

PARAMETERS_MAX = 1000
"""A query with more parameters is refused."""

_DEPTH_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query parameter and the field that it sets."""

    name: str
    path: tuple[str, ...]
    field: FieldDescriptor
    read: Callable[[str], Any]


class QueryReader:
    """Reads the query string of one binding."""

    def __init__(self, request: Descriptor, *, set_elsewhere: Collection[tuple[str, ...]]) -> None:
        self.parameters = tuple(
            each for each in _parameters(request, (), ()) if not _is_set(each.path, set_elsewhere)
        )
        self._by_name = {each.name: each for each in self.parameters}
        self._by_name.update({".".join(each.path): each for each in self.parameters})

    def read(self, query: str, values: Values) -> None:
        """Adds the values of a query string; Invalid names every parameter that is wrong."""
        violations: list[Violation] = []
        seen: dict[object, str] = {}
        for name, text in _pairs(query):
            try:
                parameter = self._by_name.get(name)
                if parameter is None:
                    raise Invalid.value("is not a parameter of this route")
                value = parameter.read(text)
                _refuse_repetition(parameter, seen)
                _put(values, parameter, value)
            except Invalid as error:
                violations.extend(error.below(name))
        if violations:
            raise Invalid(*violations)


def parameter_reader(field: FieldDescriptor) -> Callable[[str], Any] | None:
    """Reads one value of a field from text; None if the field has no form as text."""
    descriptor = field.message_type
    if descriptor is None:
        return scalars.text_reader(field)
    if descriptor.full_name in wellknown.TEXTUAL:
        return wellknown.text_parser(descriptor.full_name)
    if descriptor.full_name in wellknown.WRAPPERS:
        read = scalars.text_reader(descriptor.fields_by_name["value"])
        return lambda text: {"value": read(text)}
    return None


def put(values: Values, path: tuple[str, ...], value: Any) -> None:
    """Sets a field below nested messages."""
    *parents, last = path
    for name in parents:
        values = values.setdefault(name, {})
    values[last] = value


def _parameters(descriptor: Descriptor, path: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Parameter]:
    for field in descriptor.fields:
        here, shown = (*path, field.name), (*names, field.json_name)
        read = parameter_reader(field)
        if read is not None:
            yield Parameter(name=".".join(shown), path=here, field=field, read=read)
            continue
        nested = field.message_type
        if nested is not None and is_plain(nested) and not field.is_repeated and len(here) < _DEPTH_MAX:
            yield from _parameters(nested, here, shown)


def _is_set(path: tuple[str, ...], set_elsewhere: Collection[tuple[str, ...]]) -> bool:
    return any(path[: len(other)] == other for other in set_elsewhere)


def _pairs(query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except UnicodeDecodeError:
        raise Invalid.at("query", "must be percent-encoded UTF-8") from None
    except ValueError:
        raise Invalid.at("query", f"must have at most {PARAMETERS_MAX} parameters") from None


def _refuse_repetition(parameter: Parameter, seen: dict[object, str]) -> None:
    if parameter.field.is_repeated:
        return
    if parameter.path in seen:
        raise Invalid.value("is given more than once")
    seen[parameter.path] = parameter.name
    oneof = parameter.field.containing_oneof
    if oneof is not None:
        other = seen.setdefault((parameter.path[:-1], oneof), parameter.name)
        if other != parameter.name:
            raise Invalid.value(f"cannot be given together with {other}")


def _put(values: Values, parameter: Parameter, value: Any) -> None:
    if not parameter.field.is_repeated:
        put(values, parameter.path, value)
        return
    *parents, last = parameter.path
    for name in parents:
        values = values.setdefault(name, {})
    values.setdefault(last, []).append(value)
