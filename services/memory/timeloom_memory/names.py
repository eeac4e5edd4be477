"""Names of namespaces, agents, teams and principals: which are allowed, and what they say of ownership.

`agent/<id>` and what is below it belongs to that agent, `team/<id>` and what is below it to that team's
agents, everything else to the whole project.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from timeloom_memory import limits
from timeloom_platform.acting import check_agent_id
from timeloom_platform.errors import InvalidFieldError

SEPARATOR: Final = "/"

PROJECT: Final = "project"
_AGENT: Final = "agent"
_TEAM: Final = "team"
_RESERVED_FIRST: Final = frozenset({"agents", "jobs"})
"""Live topics of their own lie below `memory/` under these words."""
_FORBIDDEN_SEGMENTS: Final = frozenset({"", ".", ".."})


class OwnerKind(Enum):
    """What kind of principal something belongs to."""

    AGENT = _AGENT
    TEAM = _TEAM
    PROJECT = PROJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who can own a namespace or be given a permission: an agent, a team, or the project with all its agents.

    Attributes:
        id: Of the agent or team; empty for the project.
    """

    kind: OwnerKind
    id: str = ""

    def __str__(self) -> str:
        return PROJECT if self.kind is OwnerKind.PROJECT else f"{self.kind.value}{SEPARATOR}{self.id}"

    @classmethod
    def parse(cls, text: str, *, field: str) -> Self:
        """Reads `agent/<id>`, `team/<id>` or `project`.

        Raises:
            InvalidFieldError: It is none of them.
        """
        if text == PROJECT:
            return cls(kind=OwnerKind.PROJECT)
        kind, separator, identifier = text.partition(SEPARATOR)
        if not separator or kind not in (_AGENT, _TEAM):
            raise InvalidFieldError.of(field, "must be agent/<id>, team/<id> or project")
        checked_id(identifier, field)
        return cls(kind=OwnerKind(kind), id=identifier)


def default_namespace(agent_id: str) -> str:
    """Returns where an agent, or the project itself, writes if it does not say where."""
    return agent(agent_id) if agent_id else PROJECT


def agent(agent_id: str) -> str:
    """Returns the agent as a principal, which is also the name of its own namespace."""
    return f"{_AGENT}{SEPARATOR}{agent_id}"


def team(team_id: str) -> str:
    """Returns the team as a principal, which is also the name of its own namespace."""
    return f"{_TEAM}{SEPARATOR}{team_id}"


def checked_id(identifier: str, field: str) -> str:
    """Returns the id of an agent or a team: it is one segment of the name of its namespace.

    Raises:
        InvalidFieldError: It cannot be one.
    """
    check_agent_id(identifier, field)
    return identifier


def checked(name: str, field: str) -> str:
    """Returns the name, if memories may live there.

    Raises:
        InvalidFieldError: It is no name of a namespace.
    """
    checked_prefix(name, field)
    if name in (_AGENT, _TEAM):
        raise InvalidFieldError.of(field, f"names no {name}: it must be {name}{SEPARATOR}<id>")
    first = name.partition(SEPARATOR)[0]
    if first in _RESERVED_FIRST:
        raise InvalidFieldError.of(field, f"must not begin with {first}, which names events")
    return name


def checked_prefix(name: str, field: str) -> str:
    """Returns the name, if namespaces can have it or lie below it: also `agent` and `team`.

    Raises:
        InvalidFieldError: No namespace can have that name or lie below it.
    """
    if len(name.encode(errors="surrogatepass")) > limits.NAMESPACE_BYTES_MAX:
        raise InvalidFieldError.of(field, f"must have at most {limits.NAMESPACE_BYTES_MAX} bytes in UTF-8")
    segments = name.split(SEPARATOR)
    if len(segments) > limits.NAMESPACE_DEPTH_MAX:
        raise InvalidFieldError.of(field, f"has more than {limits.NAMESPACE_DEPTH_MAX} segments")
    for segment in segments:
        _check_segment(segment, field)
    if segments[0] in (_AGENT, _TEAM) and len(segments) > 1:
        checked_id(segments[1], field)
    return name


def owner_of(namespace: str) -> Principal:
    """Returns whom a namespace belongs to."""
    segments = namespace.split(SEPARATOR, 2)
    if len(segments) > 1 and segments[0] in (_AGENT, _TEAM):
        return Principal(kind=OwnerKind(segments[0]), id=segments[1])
    return Principal(kind=OwnerKind.PROJECT)


def upwards(namespace: str) -> Iterator[str]:
    """Yields the namespace and all that it is below, from the inside out."""
    while namespace:
        yield namespace
        namespace = namespace.rpartition(SEPARATOR)[0]


def _check_segment(segment: str, field: str) -> None:
    if segment in _FORBIDDEN_SEGMENTS:
        raise InvalidFieldError.of(field, "has a segment that is empty, . or ..")
    if not segment.isprintable() or segment != segment.strip():
        raise InvalidFieldError.of(
            field, "has a segment with characters that cannot be seen, or with spaces around it"
        )
