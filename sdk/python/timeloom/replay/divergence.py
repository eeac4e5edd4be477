"""Where a replay left the recording, in words that tell what to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from timeloom.errors import ConflictError
from timeloom.state.changes import ABSENT, Change, ChangeKind, changes

CHANGES_MAX: Final = 20
VALUE_CHARACTERS_MAX: Final = 400


class DivergenceKind(StrEnum):
    """What differed."""

    INPUT = "INPUT"
    EFFECT = "EFFECT"
    STEP = "STEP"
    STATE = "STATE"
    ENDING = "ENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first place where code did something else than what was recorded.

    Attributes:
        step: Its place among the steps, from 1 on; one more than there are if the code went on.
        sequence: The recorded snapshot of that step; zero if there is none.
        step_name: Its recorded name.
        summary: What happened, in one sentence.
        expected: What was recorded.
        actual: What the code did.
        changes: What differs from the one to the other.
        truncated: There is more that differs.
    """

    execution_id: str
    kind: DivergenceKind
    step: int
    sequence: int
    step_name: str
    summary: str
    expected: Any
    actual: Any
    changes: tuple[Change, ...]
    truncated: bool

    def report(self) -> str:
        """Return all of it as text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        name = f" {self.step_name!r}" if self.step_name else ""
        number = f" (snapshot {self.sequence})" if self.sequence else ""
        yield f"DIVERGED at step {self.step}{name}{number} of execution {self.execution_id}"
        yield f"  {self.summary}"
        if self.changes and self.kind is not DivergenceKind.ENDING:
            for change in self.changes:
                yield from _change_lines(change)
            if self.truncated:
                yield "  … and more"
        else:
            yield f"  expected: {_text(self.expected)}"
            yield f"  actual:   {_text(self.actual)}"


def difference(expected: Any, actual: Any) -> tuple[tuple[Change, ...], bool]:
    """Return what differs between two documents, and whether there is more than is listed."""
    found, truncated = changes(expected, actual, limit=CHANGES_MAX)
    return tuple(found), truncated


class ReplayDiverged(ConflictError):  # noqa: N818 - the field's word for it
    """Code that was replayed did something else than what was recorded."""

    reason = "REPLAY_DIVERGED"

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(divergence.report())
        self.divergence = divergence


class ReplayStatus(StrEnum):
    """How a replay went."""

    RUNNING = "RUNNING"
    IDENTICAL = "IDENTICAL"
    DIVERGED = "DIVERGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """How a replay went, so far or in the end.

    Attributes:
        steps: How many steps had the recorded states.
        effects: How many effects were answered from the recording.
        divergence: Where it left the recording, if it did.
    """

    execution_id: str
    status: ReplayStatus
    steps: int
    effects: int
    divergence: Divergence | None = None

    @property
    def identical(self) -> bool:
        """Whether the code did exactly what was recorded."""
        return self.status is ReplayStatus.IDENTICAL

    def __str__(self) -> str:
        if self.divergence is not None:
            return self.divergence.report()
        word = "identical" if self.identical else "running"
        return f"{word}: {self.steps} steps, {self.effects} effects answered from the recording"


def _change_lines(change: Change) -> Iterator[str]:
    sign = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}[change.kind]
    yield f"  {sign} {change.path or '(the whole)'}"
    if change.old_value is not ABSENT:
        yield f"      expected: {_text(change.old_value)}"
    if change.new_value is not ABSENT:
        yield f"      actual:   {_text(change.new_value)}"


def _text(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"
