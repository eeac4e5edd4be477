"""From a method and a path to what serves it: a tree of path segments.

A literal segment wins over `*`, and `*` over `**`; a custom verb wins over the same text
as part of the last segment, for every HTTP method. All bindings of a path are known, so that a request with
another HTTP method can be told which methods there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

from timeloom_gateway.transcoding.templates import REST, SINGLE, PathTemplate
from timeloom_platform.contract import ContractError

T = TypeVar("T")

SEGMENTS_MAX = 64
"""A path with more segments matches no route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[T]):
    """The target of a path, with the texts of the template's variables."""

    target: T
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No target: the path is unknown, or known for other HTTP methods."""

    allowed_methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict["str", "_Node[T]"])
    wildcards: dict[str, _Node[T]] = field(default_factory=dict["str", "_Node[T]"])
    leaves: dict[tuple[str, str], tuple[PathTemplate, T]] = field(
        default_factory=dict["tuple[str, str]", "tuple[PathTemplate, T]"]
    )


class Router(Generic[T]):
    """Routes by HTTP method and path template."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._verbs: set[str] = set()

    def add(self, http_method: str, template: PathTemplate, target: T) -> None:
        """Adds a route; ContractError if the same method and path are taken."""
        node = self._root
        for segment in template.segments:
            children = node.wildcards if segment in (SINGLE, REST) else node.literals
            node = children.setdefault(segment, _Node())
        key = (http_method, template.verb)
        if key in node.leaves:
            raise ContractError(f"two bindings for {http_method} /{'/'.join(template.segments)}")
        node.leaves[key] = (template, target)
        if template.verb:
            self._verbs.add(template.verb)

    def match(self, http_method: str, raw_path: str) -> Match[T] | NoMatch:
        """Finds the target of a raw (percent-encoded) path.

        UnicodeDecodeError if the path matches, but a variable's text is no UTF-8.
        """
        segments = raw_path[1:].split("/")
        allowed: set[str] = set()
        if len(segments) <= SEGMENTS_MAX:
            for candidate, verb in self._candidates(segments):
                for node in _matching_nodes(self._root, candidate, 0):
                    found = node.leaves.get((http_method, verb))
                    if found is not None:
                        template, target = found
                        values = tuple(variable.value(candidate) for variable in template.variables)
                        return Match(target=target, values=values)
                    allowed = {method for method, other in node.leaves if other == verb}
                    if allowed:  # the most literal path decides: `search` is no identifier
                        break
                if allowed:
                    break
        return NoMatch(allowed_methods=tuple(sorted(allowed)))

    def _candidates(self, segments: list[str]) -> Iterator[tuple[list[str], str]]:
        """The readings of a path: with its end as a custom verb, if there is such a verb, then without."""
        stem, colon, verb = segments[-1].rpartition(":")
        if colon and stem and verb in self._verbs:
            yield [*segments[:-1], stem], verb
        yield segments, ""


def _matching_nodes(node: _Node[T], segments: Sequence[str], depth: int) -> Iterator[_Node[T]]:
    if depth == len(segments):
        yield node
        return
    segment = segments[depth]
    if not segment:
        return
    child = node.literals.get(unquote(segment, errors="replace") if "%" in segment else segment)
    if child is not None:
        yield from _matching_nodes(child, segments, depth + 1)
    child = node.wildcards.get(SINGLE)
    if child is not None:
        yield from _matching_nodes(child, segments, depth + 1)
    child = node.wildcards.get(REST)
    if child is not None:
        yield child
