"""What the caller of a playback may command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from timeloom_snapshots.playback import Breakpoint, FrameContent


class Showing(Struct, frozen=True, kw_only=True):
    """How a playback shows an execution."""

    execution_id: UUID
    content: FrameContent
    path: str
    breakpoints: Sequence[Breakpoint]
    pause_seconds_max: float


class Range(Struct, frozen=True, kw_only=True):
    """What is played, and how fast; a sequence of zero is where the execution begins or stands."""

    from_sequence: int
    to_sequence: int
    is_reverse: bool
    speed: float


class Open(Struct, frozen=True, kw_only=True):
    """Begins, at the first snapshot if the sequence is zero."""

    showing: Showing
    sequence: int


class Play(Struct, frozen=True, kw_only=True):
    """Lets frames come by themselves; as fast as possible at speed zero."""

    speed: float
    is_reverse: bool


class Pause(Struct, frozen=True):
    """Stops where it stands."""


class Move(Struct, frozen=True):
    """Goes some frames on, or back if negative."""

    count: int


class Jump(Struct, frozen=True):
    """Goes to a snapshot."""

    sequence: int


class SetBreakpoints(Struct, frozen=True):
    """Replaces the breakpoints."""

    breakpoints: Sequence[Breakpoint]


Action: TypeAlias = Open | Play | Pause | Move | Jump | SetBreakpoints


class Command(Struct, frozen=True, kw_only=True):
    """An action, and the number that its caller gave it."""

    request_id: int
    action: Action
