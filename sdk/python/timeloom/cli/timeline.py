"""The snapshots of an execution, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.table import Table
from rich.text import Text

from timeloom.cli import wording
from timeloom.resources import Snapshot


class Timeline:
    """Shows snapshots in order, each with the time since the one before."""

    def __init__(self, *, head_sequence: int) -> None:
        self._head_sequence = head_sequence
        self._before: datetime | None = None

    def table(self, snapshots: Iterable[Snapshot]) -> Table:
        """Return all of them as a table."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("step", ratio=1)
        table.add_column("kind", no_wrap=True)
        table.add_column("after", justify="right", no_wrap=True)
        table.add_column("state", justify="right", no_wrap=True)
        table.add_column("stored", justify="right", no_wrap=True)
        table.add_column("effects", justify="right", no_wrap=True)
        for snapshot in snapshots:
            table.add_row(
                str(snapshot.sequence),
                self._step(snapshot),
                wording.kind(snapshot.kind),
                self._elapsed(snapshot),
                wording.size(snapshot.state_bytes),
                Text(wording.size(snapshot.stored_bytes), style="dim"),
                str(snapshot.effect_count or ""),
            )
        return table

    def line(self, snapshot: Snapshot) -> Text:
        """Return one of them as a line of its own."""
        line = Text.assemble((f"{snapshot.sequence:>5}  ", "bold"), self._step(snapshot))
        line.append(f"  {self._elapsed(snapshot)}  {wording.size(snapshot.state_bytes)}", style="dim")
        return line

    def _step(self, snapshot: Snapshot) -> Text:
        step = Text(snapshot.step_name or "(no name)", style="" if snapshot.step_name else "dim")
        if snapshot.label:
            step.append(f"  {snapshot.label}", style="cyan")
        if snapshot.tags:
            step.append("  " + " ".join(f"#{tag}" for tag in snapshot.tags), style="blue")
        if snapshot.parent_sequence != snapshot.sequence - 1:
            step.append(f"  from {snapshot.parent_sequence}", style="magenta")
        if snapshot.sequence == self._head_sequence:
            step.append("  head", style="bold green")
        return step

    def _elapsed(self, snapshot: Snapshot) -> str:
        before, self._before = self._before, snapshot.create_time
        return (
            "" if before is None else "+" + wording.duration((snapshot.create_time - before).total_seconds())
        )
