"""A trace as a tree of its spans, with times, tokens, costs and errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from timeloom.cli import telemetry_wording as words_of
from timeloom.cli import wording
from timeloom.telemetry import Event, EventStatus, Severity, Trace, TraceSpan, TraceTree

BAR_WIDTH: Final = 24
"""Characters that stand for the whole time of a trace."""

MOMENTS_MAX: Final = 5
"""Moments of a span that are shown."""

_BAD: Final = frozenset({Severity.WARN, Severity.ERROR, Severity.FATAL})


def rendered(tree: TraceTree) -> RenderableType:
    """Return the tree below a heading that says what the trace comes to."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("span", overflow="fold")
    table.add_column("when", no_wrap=True)
    for name in ("took", "self", "tokens", "cost"):
        table.add_column(name, no_wrap=True, justify="right")
    for span, guide in zip(tree.spans, guides([each.depth for each in tree.spans]), strict=True):
        _add(table, span, guide, tree.trace)
    scores = [f"{each.name} {_score(each.value, each.label)}" for each in tree.scores]
    parts: list[RenderableType] = [heading(tree.trace), Text(), table]
    if scores:
        parts += [Text(), Text("scores  ", style="dim").append(", ".join(scores), style="bold")]
    return Group(*parts)


def heading(trace: Trace) -> Text:
    """Return a trace in a line or two."""
    line = Text.assemble((trace.name or "(the root has not arrived)", "bold"), "  ")
    line.append_text(words_of.status(trace.status))
    facts = [
        words_of.length(trace.duration_ms),
        wording.plural(trace.span_count, "span"),
        words_of.tokens(trace.usage),
        words_of.cost(trace.cost),
    ]
    line.append("  " + "  ".join(fact for fact in facts if fact), style="dim")
    if trace.error_count:
        line.append(f"  {wording.plural(trace.error_count, 'error')}", style="red")
    named = (
        ("trace", trace.id),
        ("agent", trace.agent_id),
        ("session", trace.session_id),
        ("user", trace.user_id),
        ("execution", trace.execution_id),
    )
    line.append("\n" + "  ".join(f"{name} {value}" for name, value in named if value), style="dim")
    return line


def guides(depths: Sequence[int]) -> list[str]:
    """Return the lines in front of each node of a tree, whose nodes come in order with their depths."""
    made: list[str] = []
    # Read backwards, a branch goes on below if a node of its depth was seen since the last one above it.
    goes_on: list[bool] = []
    for depth in reversed(depths):
        has_next = depth < len(goes_on) and goes_on[depth]
        stems = "".join(
            "│ " if level < len(goes_on) and goes_on[level] else "  " for level in range(1, depth)
        )
        made.append(stems + ("├ " if has_next else "└ ") if depth else "")
        del goes_on[depth + 1 :]
        goes_on.extend([False] * (depth + 1 - len(goes_on)))
        goes_on[depth] = True
    return made[::-1]


def _add(table: Table, span: TraceSpan, guide: str, trace: Trace) -> None:
    event = span.event
    failed = event.status is EventStatus.ERROR
    label = Text(guide, style="dim")
    label.append_text(words_of.kind(event.kind)).append(" ")
    label.append(event.name, style="bold red" if failed else "bold" if span.is_critical else "")
    if found := words_of.subject(event):
        label.append(f" {found}", style="cyan")
    if failed:
        label.append("  ").append_text(words_of.saying(event))
    table.add_row(
        label,
        _bar(event, trace, critical=span.is_critical),
        words_of.length(event.duration_ms),
        Text(words_of.length(span.self_ms), style="dim"),
        words_of.tokens(event.usage),
        words_of.cost(event.cost),
    )
    for moment in [each for each in span.moments if _is_telling(each)][:MOMENTS_MAX]:
        below = Text(" " * len(guide) + "  · ", style="dim").append(moment.name)
        table.add_row(below.append("  ").append_text(words_of.saying(moment)))


def _is_telling(moment: Event) -> bool:
    return moment.severity in _BAD or bool(moment.error_type or moment.message)


def _bar(event: Event, trace: Trace, *, critical: bool) -> Text:
    """Return where in the time of the trace the span lies."""
    if event.start_time is None or trace.start_time is None:
        return Text()
    whole = max(trace.duration_ms, 0.001)
    before = _milliseconds(trace.start_time, event.start_time) / whole
    first = min(BAR_WIDTH - 1, max(0, int(before * BAR_WIDTH)))
    width = min(BAR_WIDTH - first, max(1, round(event.duration_ms / whole * BAR_WIDTH)))
    style = "red" if event.status is EventStatus.ERROR else "green" if critical else "blue"
    return Text(" " * first).append("━" * width, style=style).append(" " * (BAR_WIDTH - first - width))


def _milliseconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds() * 1000


def _score(value: float | None, label: str) -> str:
    return " ".join(part for part in ("" if value is None else f"{value:g}", label) if part)
