"""Figures beside those of a peer, with what they were meant to reach."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

Better = Literal["higher", "lower"]

NO_WORSE = 0.95
"""Two measurements of one thing differ by as much, even if the machine does nothing else."""

# A width for logs and pipes, where no terminal tells its own.
_WIDTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Attributes:
        better: Which way the figure is good.
        factor_min: How many times better than the peer's it is meant to be; 1 is no worse.
        limit: What it is meant to stay within: an upper bound if lower is better, else a lower bound.
        versus: What `peer` is, if it is not the bench's own peer.
    """

    name: str
    unit: str
    ours: float
    peer: float | None = None
    better: Better = "higher"
    factor_min: float | None = None
    limit: float | None = None
    versus: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than the peer's."""
        if not self.peer or not self.ours:
            return None
        return self.ours / self.peer if self.better == "higher" else self.peer / self.ours

    @property
    def target(self) -> str:
        """What is to be reached, in words; empty if nothing is."""
        parts = []
        if self.limit is not None:
            bound = "at most" if self.better == "lower" else "at least"
            parts.append(f"{bound} {_number(self.limit)} {self.unit}")
        if self.factor_min is not None:
            parts.append(
                "no worse (5 %)" if self.factor_min == NO_WORSE else f"at least {self.factor_min:g}x"
            )
        return ", ".join(parts)

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None if there is none."""
        outcomes = []
        if self.limit is not None:
            outcomes.append(self.ours <= self.limit if self.better == "lower" else self.ours >= self.limit)
        if self.factor_min is not None:
            outcomes.append(self.ratio is not None and self.ratio >= self.factor_min)
        return all(outcomes) if outcomes else None


@dataclass(slots=True, kw_only=True)
class Section:
    """Figures of one workload."""

    title: str
    figures: list[Figure] = field(default_factory=list[Figure])

    def add(self, *figures: Figure) -> None:
        """Appends figures."""
        self.figures.extend(figures)


@dataclass(slots=True, kw_only=True)
class Report:
    """What a bench found, for people and for the documentation."""

    title: str
    peer: str
    notes: Sequence[str] = ()
    sections: list[Section] = field(default_factory=list[Section])

    def section(self, title: str) -> Section:
        """Begins a section."""
        section = Section(title=title)
        self.sections.append(section)
        return section

    @contextmanager
    def shown_section(self, title: str) -> Generator[Section]:
        """Begins a section that is printed as soon as its figures are there, for long benches."""
        section = self.section(title)
        yield section
        console().print(_table(section))

    def show(self, console: Console) -> None:
        """Prints everything."""
        self.show_heading(console)
        for section in self.sections:
            console.print(_table(section))
        self.show_outcome(console)

    def show_heading(self, console: Console) -> None:
        """Prints what is measured, and beside what."""
        console.print(f"[bold]{self.title}[/] beside {self.peer}; {_machine()}")
        for note in self.notes:
            console.print(f"  {note}", style="dim")

    def show_outcome(self, console: Console) -> None:
        """Prints how many targets were met."""
        outcomes = [figure.met for section in self.sections for figure in section.figures]
        console.print(f"{outcomes.count(True)} targets met, {outcomes.count(False)} missed")

    def document(self) -> dict[str, Any]:
        """The report as a JSON document."""
        return {
            "title": self.title,
            "peer": self.peer,
            "machine": _machine(),
            "notes": list(self.notes),
            "sections": [
                {
                    "title": section.title,
                    "figures": [
                        asdict(figure) | {"ratio": figure.ratio, "target": figure.target, "met": figure.met}
                        for figure in section.figures
                    ],
                }
                for section in self.sections
            ],
        }


def console() -> Console:
    """Where benches write: as wide as the terminal, or as wide as a table needs."""
    own = Console()
    return own if own.is_terminal else Console(width=_WIDTH)


def percentiles(
    name: str, ours: Sequence[float], peer: Sequence[float], *, factor_min: float | None, versus: str = ""
) -> list[Figure]:
    """The median and the 99th percentile of durations in seconds, as figures in milliseconds."""
    return [
        Figure(
            name=f"{name}, p{percent}",
            unit="ms",
            ours=percentile(ours, percent) * 1000,
            peer=percentile(peer, percent) * 1000,
            better="lower",
            factor_min=factor_min,
            versus=versus,
        )
        for percent in (50, 99)
    ]


def median(samples: Sequence[float]) -> float:
    """The middle one of repeated measurements."""
    return statistics.median(samples)


async def seconds_of(call: Callable[[], Awaitable[object]]) -> float:
    """Awaits a call and returns how long it took."""
    begin = time.perf_counter()
    await call()
    return time.perf_counter() - begin


def percentile(samples: Sequence[float], percent: int) -> float:
    """The smallest sample that so many percent of all do not exceed."""
    ordered = sorted(samples)
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", title_style="bold", width=_WIDTH - 2)
    table.add_column("figure", ratio=1)
    for name in ("Timeloom", "peer", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("", no_wrap=True)
    for figure in section.figures:
        ratio = f"{figure.ratio:.3g}x" if figure.ratio is not None else ""
        table.add_row(
            f"{figure.name}, {figure.unit}" + (f" (peer: {figure.versus})" if figure.versus else ""),
            _number(figure.ours),
            _number(figure.peer) if figure.peer is not None else "",
            ratio,
            figure.target,
            {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[figure.met],
        )
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {system}"
