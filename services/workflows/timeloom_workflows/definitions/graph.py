"""Which steps of a list come before which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def cycles_of(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Returns the cycles that a search finds: at least one of each knot, its first step again at the end.

    Args:
        edges: What each step needs.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        _search(start, edges, done, found)
    return found


def ancestors(edges: Mapping[str, Iterable[str]], step_id: str) -> set[str]:
    """Returns the steps that come before a step; itself too, if it is in a cycle."""
    found: set[str] = set()
    pending = list(edges.get(step_id, ()))
    while pending:
        need = pending.pop()
        if need not in found:
            found.add(need)
            pending.extend(edges.get(need, ()))
    return found


def _search(start: str, edges: Mapping[str, Sequence[str]], done: set[str], found: list[list[str]]) -> None:
    """Goes along what a step needs, and adds the cycles that it closes."""
    path: list[str] = []
    places: dict[str, int] = {}
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        step_id, is_left = pending.pop()
        if is_left:
            path.pop()
            del places[step_id]
            done.add(step_id)
        elif step_id in places:
            found.append([*path[places[step_id] :], step_id])
        elif step_id not in done:
            places[step_id] = len(path)
            path.append(step_id)
            pending.append((step_id, True))
            pending.extend((need, False) for need in reversed(edges.get(step_id, ())))
