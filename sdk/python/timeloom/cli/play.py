"""`timeloom play`: a player for the terminal."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from timeloom.cli import documents, values, wording
from timeloom.cli.parameters import EXECUTION, json_option
from timeloom.cli.session import Session, current
from timeloom.client import Playback
from timeloom.resources import NOT_LOADED
from timeloom.time_travel import Breakpoint, Frame, PlaybackState

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
PAUSE_SECONDS_MAX: Final = 2.0
FRAME_SECONDS_MIN: Final = 0.05

_KEYS: Final = {
    " ": "space",
    "q": "quit",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[A": "up",
    "\x1b[B": "down",
}
_HELP: Final = "space play/pause   ←/→ step   ↑/↓ speed   g/G first/last   q quit"


@click.command()
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.option("--from", "sequence", type=click.IntRange(min=0), default=0, help="Begin at this snapshot.")
@click.option("--path", metavar="POINTER", default="", help="Only this part of the state.")
@click.option(
    "--speed", type=click.FloatRange(min=0, max=8), default=1.0, help="How many times faster; 0: at once."
)
@click.option("--break-step", metavar="NAME", multiple=True, help="Stop at this step; repeatable.")
@click.option("--break-change", metavar="POINTER", multiple=True, help="Stop where this value changes.")
@click.option("--break-when", metavar="CEL", multiple=True, help="Stop where this is true of the state.")
@json_option("Print a JSON document a line.")
def play(
    *,
    execution: str,
    sequence: int,
    path: str,
    speed: float,
    break_step: tuple[str, ...],
    break_change: tuple[str, ...],
    break_when: tuple[str, ...],
    as_json: bool,
) -> None:
    """Play the states of an execution: under control on a terminal, else printed one after the other.

    Every state is rebuilt here and compared with its recorded hash.

    \b
    Keys:
      space  play and pause          ↑ ↓  faster and slower
      ← →    a step back and on      g G  the first and the last state
      q      leave

    \b
    Examples:
      timeloom play last --path /trip
      timeloom play last --speed 0 --break-when 'state.budget < 0' --json
    """
    session = current()
    breakpoints = [
        *(Breakpoint(step_name=name) for name in break_step),
        *(Breakpoint(changed_path=pointer) for pointer in break_change),
        *(Breakpoint(expression=expression) for expression in break_when),
    ]
    with session.client.playback(
        session.execution_id(execution), sequence=sequence, path=path, breakpoints=breakpoints
    ) as playback:
        if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _print_frames(session, playback, speed=speed, as_json=as_json)
        else:
            with _keyboard():
                Player(session.console, playback, speed=speed or SPEEDS[-1]).run()


def _print_frames(session: Session, playback: Playback, *, speed: float, as_json: bool) -> None:
    _print_frame(session, playback.frame, as_json=as_json)
    playback.play(speed=speed)
    for frame in playback:
        _print_frame(session, frame, as_json=as_json)


def _print_frame(session: Session, frame: Frame, *, as_json: bool) -> None:
    if as_json:
        document = {**documents.document(frame.snapshot), "breakpoints": list(frame.breakpoints)}
        if frame.state is not NOT_LOADED:
            document["state"] = frame.state
        session.print_lines([document])
        return
    session.console.print(heading(frame), soft_wrap=True)
    if frame.state is not NOT_LOADED:
        values.print_value(session.console, frame.state)


def heading(frame: Frame) -> Text:
    """Return the line above a state."""
    snapshot = frame.snapshot
    line = Text.assemble((f"#{snapshot.sequence} ", "bold"), (snapshot.step_name or "(no name)", "bold cyan"))
    line.append(f"  {wording.size(snapshot.state_bytes)}, {snapshot.state_hash[:12]}", style="dim")
    if frame.breakpoints:
        line.append("  breakpoint", style="red")
    return line


@dataclass(slots=True)
class Player:
    """A playback on a terminal, driven by keys and by the time between its frames."""

    console: Console
    playback: Playback
    speed: float
    playing: bool = False

    def run(self) -> None:
        """Play until its user leaves."""
        with Live(self._screen(), console=self.console, screen=True, auto_refresh=False) as live:
            while True:
                key = _key(self._seconds() if self.playing else None)
                if key == "quit":
                    return
                self.press(key)
                live.update(self._screen(), refresh=True)

    def press(self, key: str) -> None:
        """Do what a key says; no key means that it is time for the next frame."""
        match key:
            case "space":
                self.playing = not self.playing
            case "left" | "right":
                self.playing = False
                self.playback.step(-1 if key == "left" else 1)
            case "up" | "down":
                place = min(range(len(SPEEDS)), key=lambda each: abs(SPEEDS[each] - self.speed))
                self.speed = SPEEDS[max(0, min(place + (1 if key == "up" else -1), len(SPEEDS) - 1))]
            case "g":
                self.playback.jump(self.playback.status.first_sequence)
            case "G":
                self.playback.jump(self.playback.status.last_sequence)
            case "" if self.playing:
                frame = self.playback.step()
                self.playing = frame is not None and not frame.breakpoints
            case _:
                pass

    def _seconds(self) -> float:
        return max(min(1.0, PAUSE_SECONDS_MAX) / self.speed, FRAME_SECONDS_MIN)

    def _screen(self) -> Group:
        frame, status = self.playback.frame, self.playback.status
        state = "" if frame.state is NOT_LOADED else values.text(frame.state)
        room = max(self.console.height - 4, 1)
        sign = "▶" if self.playing else ("■" if status.state is PlaybackState.ENDED else "⏸")
        bar = _bar(status.first_sequence, status.sequence, status.last_sequence, self.console.width - 30)
        return Group(
            heading(frame),
            Text("\n".join(_fitted(state.splitlines(), room)), no_wrap=True, overflow="ellipsis"),
            Text(f"{sign} {bar} {status.sequence}/{status.last_sequence}  {self.speed:g}x", style="cyan"),
            Text(_HELP, style="dim"),
        )


def _fitted(lines: list[str], room: int) -> Iterable[str]:
    """Return as many lines as there is room for: the newest end of a state is at its bottom."""
    return lines if len(lines) <= room else ["…", *lines[1 - room :]]


def _bar(first: int, here: int, last: int, width: int) -> str:
    done = round((here - first) / max(last - first, 1) * max(width, 1))
    return "━" * done + "─" * (max(width, 1) - done)


def _key(seconds: float | None) -> str:
    """Return the key that is pressed within a time; empty if none is."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    # As a whole: an arrow is three characters.
    pressed = os.read(sys.stdin.fileno(), 8).decode("utf-8", "replace")
    return _KEYS.get(pressed, pressed)


def _keyboard() -> AbstractContextManager[Any]:
    """Give keys one by one for the block, without showing them."""
    try:
        import termios  # noqa: PLC0415 - not everywhere
        import tty  # noqa: PLC0415 - as above
    except ImportError:
        return nullcontext()
    return _CharacterMode(termios, tty)


class _CharacterMode:
    def __init__(self, termios: Any, tty: Any) -> None:
        self._termios = termios
        self._tty = tty

    def __enter__(self) -> None:
        self._before = self._termios.tcgetattr(sys.stdin)
        self._tty.setcbreak(sys.stdin)

    def __exit__(self, *ending: object) -> None:
        self._termios.tcsetattr(sys.stdin, self._termios.TCSADRAIN, self._before)
