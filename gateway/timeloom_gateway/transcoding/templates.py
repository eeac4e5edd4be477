"""Path templates of `google.api.http`: `/api/executions/{execution_id}:complete`, `/files/{name=**}`.

The grammar is the one in `google/api/http.proto`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from timeloom_platform.contract import ContractError

SINGLE = "*"
"""Matches one segment."""
REST = "**"
"""Matches all segments that are left; it stands last."""

_TEMPLATE = re.compile(r"/(?P<path>[^:{}]*(?:\{[^{}]*\}[^:{}]*)*)(?::(?P<verb>[^/:{}]+))?")
_PART = re.compile(r"\{(?P<variable>[^{}=]+)(?:=(?P<pattern>[^{}]+))?\}|(?P<segment>[^/{}]+)")
_RESERVED = "%2F"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """Which segments of a path set which field."""

    field_path: tuple[str, ...]
    start: int
    stop: int | None
    """None for the end of the path: the pattern ends with `**`."""
    multiple: bool

    def value(self, segments: Sequence[str]) -> str:
        """The variable's text in the raw segments of a path.

        A single segment is decoded whole; in several, an encoded slash stays encoded so
        that it can be told from a separator. UnicodeDecodeError if it is no UTF-8.
        """
        if not self.multiple:
            return unquote(segments[self.start], errors="strict")
        return "/".join(_decode_keeping_slashes(segment) for segment in segments[self.start : self.stop])


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A parsed template: what each segment must be, the variables, and the custom verb."""

    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str

    @classmethod
    def parse(cls, text: str) -> PathTemplate:
        """Parses a template; ContractError says what is wrong with it."""
        match = _TEMPLATE.fullmatch(text)
        if match is None:
            raise ContractError(f"{text!r} is not a path template")
        segments: list[str] = []
        variables: list[Variable] = []
        for part in _parts(match["path"], text):
            name, pattern = part["variable"], part["pattern"] or SINGLE
            if name is None:
                segments.append(part["segment"])
                continue
            inner = pattern.split("/")
            stop = None if inner[-1] == REST else len(segments) + len(inner)
            multiple = len(inner) > 1 or inner[0] == REST
            path = tuple(name.split("."))
            variables.append(Variable(field_path=path, start=len(segments), stop=stop, multiple=multiple))
            segments.extend(inner)
        if REST in segments[:-1]:
            raise ContractError(f"{text!r}: `**` must be the last segment")
        return cls(segments=tuple(segments), variables=tuple(variables), verb=match["verb"] or "")

    def expand(self, values: Sequence[str]) -> str:
        """The path with these texts in the place of its variables, percent-encoded."""
        segments = list(self.segments)
        for variable, value in reversed(list(zip(self.variables, values, strict=True))):
            safe = "/" if variable.multiple else ""
            segments[variable.start : variable.stop] = [quote(value, safe=safe)]
        return "/" + "/".join(segments) + (f":{self.verb}" if self.verb else "")


def _parts(path: str, template: str) -> list[re.Match[str]]:
    parts: list[re.Match[str]] = []
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            raise ContractError(f"{template!r} has an empty or malformed segment")
        parts.append(match)
        position = match.end()
        if position < len(path):
            if path[position] != "/" or position + 1 == len(path):
                raise ContractError(f"{template!r} has an empty or malformed segment")
            position += 1
    return parts


def _decode_keeping_slashes(segment: str) -> str:
    parts = re.split(_RESERVED, segment, flags=re.IGNORECASE)
    return _RESERVED.join(unquote(part, errors="strict") for part in parts)
