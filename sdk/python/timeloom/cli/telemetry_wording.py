"""Events, tokens and costs in words that people read at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from timeloom.cli import wording
from timeloom.telemetry import Cost, Event, EventKind, EventStatus, Severity, TokenUsage

MESSAGE_LENGTH_MAX: Final = 200

_KINDS: Final = {
    EventKind.AGENT: "magenta",
    EventKind.WORKFLOW: "magenta",
    EventKind.LLM: "cyan",
    EventKind.EMBEDDING: "cyan",
    EventKind.TOOL: "yellow",
    EventKind.RETRIEVER: "blue",
    EventKind.RERANKER: "blue",
    EventKind.MEMORY: "blue",
    EventKind.GUARDRAIL: "red",
}
_SEVERITIES: Final = {Severity.WARN: "yellow", Severity.ERROR: "red", Severity.FATAL: "bold red"}
_BARS: Final = "▁▂▃▄▅▆▇█"


def kind(value: EventKind | None) -> Text:
    """Return a kind in its colour."""
    return Text() if value is None else Text(value.lower(), style=_KINDS.get(value, "dim"))


def status(value: EventStatus | None) -> Text:
    """Return how something came out; nothing if nobody said."""
    if value is None:
        return Text()
    return Text("✗ error", style="red") if value is EventStatus.ERROR else Text("✓", style="green")


def severity(value: Severity | None) -> Text:
    """Return how bad something is in its colour."""
    return Text() if value is None else Text(value.lower(), style=_SEVERITIES.get(value, "dim"))


def tokens(usage: TokenUsage | None) -> str:
    """Return what went in and came out: `1.2k → 340`."""
    return "" if usage is None else f"{_short(usage.input_tokens)} → {_short(usage.output_tokens)}"


def cost(value: Cost | None) -> str:
    """Return US dollars as precisely as they deserve: `$1.20`, `$0.0031`."""
    return "" if value is None else dollars(value.total)


def dollars(amount: float) -> str:
    """Return US dollars as precisely as they deserve."""
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    # Two digits that say something.
    return f"${amount:.{1 - math.floor(math.log10(amount))}f}"


def length(milliseconds: float) -> str:
    """Return how long something took."""
    return wording.duration(milliseconds / 1000)


def clock(moment: datetime | None) -> str:
    """Return a time of today's, or of another day."""
    if moment is None:
        return ""
    local = moment.astimezone()
    today = datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"


def subject(event: Event) -> str:
    """Return the model, tool or agent of an event that its name does not say."""
    found = event.model or event.tool_name or event.agent_id
    said = event.name.split()
    return "" if any(found.startswith(word) for word in said) else found


def saying(event: Event) -> Text:
    """Return the most telling line of an event: why it failed, or what came out of it."""
    if event.status is EventStatus.ERROR:
        reason = ": ".join(part for part in (event.error_type, event.message) if part)
        return Text(cut(reason or "failed"), style="red")
    return Text(cut(event.message or event.output_preview or event.input_preview), style="dim")


def line(event: Event) -> Text:
    """Return an event as a line of its own."""
    parts = Text(f"{clock(event.start_time)}  ", style="dim")
    parts.append_text(kind(event.kind))
    parts.append(f"  {event.name}", style="bold")
    if found := subject(event):
        parts.append(f" {found}", style="cyan")
    facts = [length(event.duration_ms) if event.duration_ms else "", tokens(event.usage), cost(event.cost)]
    parts.append("  " + "  ".join(fact for fact in facts if fact), style="dim")
    if event.severity in _SEVERITIES:
        parts.append("  ").append_text(severity(event.severity))
    return parts.append("  ").append_text(saying(event))


def cut(text: str) -> str:
    """Return the first line of a text, as far as it is shown."""
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= MESSAGE_LENGTH_MAX else f"{first[: MESSAGE_LENGTH_MAX - 1]}…"


def sparkline(values: Sequence[float | None]) -> str:
    """Return values as bars from zero to the largest; a gap where there is none."""
    largest = max((value for value in values if value is not None), default=0.0)
    return "".join(" " if value is None else _bar(value, largest) for value in values)


def _bar(value: float, largest: float) -> str:
    share = value / largest if largest > 0 else 0.0
    return _BARS[min(len(_BARS) - 1, max(0, round(share * (len(_BARS) - 1))))]


def _short(count: int) -> str:
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 999_950 else f"{count / 1_000_000:.1f}M"
