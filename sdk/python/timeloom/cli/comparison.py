"""Differences of states, as `git diff` shows those of files."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from timeloom.cli import values, wording
from timeloom.resources import Change, ChangeKind, Diff, SnapshotRef

_SIGNS: Final = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}
_STYLES: Final = {ChangeKind.ADDED: "green", ChangeKind.REMOVED: "red", ChangeKind.CHANGED: "yellow"}
_CONTEXT_LINES: Final = 2
_BOOKKEEPING: Final = "/$timeloom"


def print_diff(console: Console, diff: Diff) -> None:
    """Print what differs between two states, place by place."""
    changes = [change for change in diff.changes if not _is_bookkeeping(change)]
    console.print(_heading(diff.older, diff.newer), soft_wrap=True)
    for change in changes:
        for line in change_lines(change):
            console.print(line, soft_wrap=True)
    console.print(_summary(changes, truncated=diff.truncated), soft_wrap=True)


def _is_bookkeeping(change: Change) -> bool:
    """Tell whether a change concerns nothing but the order in which members are written."""
    if change.path.startswith(_BOOKKEEPING):
        return True
    value: Any = change.old_value if change.new_value is None else change.new_value
    return change.path.endswith(_BOOKKEEPING) and value[:1] == ["order"]


def change_lines(change: Change) -> Iterator[Text]:
    """Yield the lines that show one change: its place, then the old and the new value."""
    style = _STYLES[change.kind]
    place = Text.assemble((f"{_SIGNS[change.kind]} ", style), (change.path or "(the whole state)", "bold"))
    if change.old_path != change.path:
        place.append(f"  was {change.old_path}", style="dim")
    yield place
    if change.kind is ChangeKind.CHANGED:
        yield from _changed_lines(change.old_value, change.new_value)
    elif change.kind is ChangeKind.ADDED:
        yield from _lines("+", values.text(change.new_value))
    else:
        yield from _lines("-", values.text(change.old_value))


def _changed_lines(old: Any, new: Any) -> Iterator[Text]:
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        before, after = old.splitlines(), new.splitlines()
    else:
        before, after = values.text(old).splitlines(), values.text(new).splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES)
    for number, line in enumerate(lines):
        if number < 2:
            continue  # the names of the files, of which there are none
        if line.startswith("@@"):
            if number > 2:
                yield Text("    …", style="dim")
            continue
        yield _line(line[0], line[1:])


def _lines(sign: str, text: str) -> Iterator[Text]:
    for line in text.splitlines():
        yield _line(sign, line)


def _line(sign: str, line: str) -> Text:
    return Text(f"  {sign} {line}", style={"+": "green", "-": "red"}.get(sign, "dim"))


def _heading(older: SnapshotRef, newer: SnapshotRef) -> Text:
    if older.execution_id == newer.execution_id:
        names = f"{older.execution_id}  #{older.sequence} → #{newer.sequence}"
    else:
        names = f"{older.execution_id} #{older.sequence} → {newer.execution_id} #{newer.sequence}"
    return Text(names, style="dim")


def _summary(changes: list[Change], *, truncated: bool) -> Text:
    if not changes:
        return Text("No difference.")
    count = Counter(change.kind for change in changes)
    parts = [f"{count[kind]:,} {kind.lower()}" for kind in ChangeKind if count[kind]]
    summary = Text(", ".join(parts), style="dim")
    if truncated:
        summary.append(
            f"; only the first {wording.plural(len(changes), 'change')} are shown, narrow it with --path"
        )
    return summary
