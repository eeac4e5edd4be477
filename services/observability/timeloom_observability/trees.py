"""A trace as a tree: in which order its spans stand, how deep, which of them it waited for.

Spans arrive in any order, some never: what has no parent here stands at the top. Nothing recurses, so that a
trace may be as deep as it likes, and spans that name each other as parents are shown once each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Span(Protocol):
    """What has to be known of a span."""

    @property
    def span_id(self) -> str:
        """Its id in the trace."""
        ...

    @property
    def parent_span_id(self) -> str:
        """Empty for a root."""
        ...

    @property
    def start_ns(self) -> int:
        """When it began."""
        ...

    @property
    def duration_ns(self) -> int:
        """How long it took."""
        ...


SpanT = TypeVar("SpanT", bound=Span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Generic[SpanT]):
    """A span at its place.

    Attributes:
        depth: How far below the top.
        is_critical: Whether the trace would have been faster if this span had been.
        self_ns: The time in it that is none of its children's.
    """

    span: SpanT
    depth: int
    child_count: int
    is_critical: bool
    self_ns: int


def tree_of(spans: Iterable[SpanT]) -> list[Place[SpanT]]:
    """Returns all spans, each after its parent and siblings by their beginning."""
    nodes = sorted(spans, key=_order)
    tops, children = _linked(nodes)
    critical = _critical(nodes, tops, children)
    places: list[Place[SpanT]] = []
    waiting = [(top, 0) for top in reversed(tops)]
    while waiting:
        index, depth = waiting.pop()
        below = children[index]
        places.append(
            Place(
                span=nodes[index],
                depth=depth,
                child_count=len(below),
                is_critical=index in critical,
                self_ns=_self_ns(nodes[index], [nodes[child] for child in below]),
            )
        )
        waiting.extend((child, depth + 1) for child in reversed(below))
    return places


def _order(span: Span) -> tuple[int, str, str, int]:
    return span.start_ns, span.span_id, span.parent_span_id, span.duration_ns


def _linked(nodes: Sequence[Span]) -> tuple[list[int], list[list[int]]]:
    """Returns which spans stand at the top, and the children of each, all by their places in `nodes`."""
    first: dict[str, int] = {}
    for index, node in enumerate(nodes):
        first.setdefault(node.span_id, index)
    parents = [first.get(node.parent_span_id) if node.parent_span_id else None for node in nodes]
    _open_circles(parents)
    children: list[list[int]] = [[] for _ in nodes]
    tops: list[int] = []
    for index, parent in enumerate(parents):
        (tops if parent is None else children[parent]).append(index)
    return tops, children


def _open_circles(parents: list[int | None]) -> None:
    """Takes the parent away from the earliest span of each circle."""
    checked: set[int] = set()
    for start in range(len(parents)):
        path: list[int] = []
        on_path: set[int] = set()
        index: int | None = start
        while index is not None and index not in checked and index not in on_path:
            path.append(index)
            on_path.add(index)
            index = parents[index]
        if index is not None and index in on_path:
            parents[min(path[path.index(index) :])] = None
        checked.update(path)


def _critical(nodes: Sequence[Span], tops: list[int], children: list[list[int]]) -> set[int]:
    """Returns the spans that a trace waited for, found backwards from its end.

    Of a span's children, the one that ends last is waited for; before it began, the one that ended last by
    then; and so on. A child that outlives its parent is waited for until the parent's end.
    """
    critical: set[int] = set()
    latest = max((node.start_ns + node.duration_ns for node in nodes), default=0)
    waiting = [(tops, latest)]
    while waiting:
        siblings, limit = waiting.pop()
        ends = {index: min(nodes[index].start_ns + nodes[index].duration_ns, limit) for index in siblings}
        cursor = limit
        for index in sorted(siblings, key=lambda sibling: ends[sibling], reverse=True):
            if ends[index] <= cursor and nodes[index].start_ns < ends[index]:
                critical.add(index)
                cursor = nodes[index].start_ns
                waiting.append((children[index], ends[index]))
    return critical


def _self_ns(span: Span, children: Sequence[Span]) -> int:
    """Returns how long a span took without its children, which stand by their beginning and may overlap."""
    covered = 0
    passed, end = span.start_ns, span.start_ns + span.duration_ns
    for child in children:
        begin = max(child.start_ns, passed)
        passed = max(passed, min(child.start_ns + child.duration_ns, end))
        covered += max(passed - begin, 0)
    return span.duration_ns - covered
