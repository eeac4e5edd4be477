"""Log lines for a person at a terminal: one colour a service, the important ones standing out."""

from datetime import datetime

import click

from timeloom_stack.log_lines import Level, LogLine

_TIME_WIDTH = 12
_NAME_WIDTH = 10
_MULTILINE_FIELDS = ("exception", "stack")
_SERVICE_COLOURS = (
    "cyan",
    "green",
    "magenta",
    "blue",
    "bright_cyan",
    "bright_green",
    "bright_magenta",
    "bright_blue",
)
_LEVEL_COLOURS = {Level.WARNING: "yellow", Level.ERROR: "red"}


class LogRenderer:
    """Gives each service a colour, in the order in which it meets them."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._colour_of: dict[str, str] = {}

    def render(self, service: str, line: LogLine) -> str:
        """One or more lines of text, without the last line's end."""
        first = " ".join(
            part
            for part in (
                self._style(_clock(line.time), dim=True),
                self._style(f"{service:{_NAME_WIDTH}}", fg=self._colour(service)),
                self._style(line.message, fg=_LEVEL_COLOURS.get(line.level), bold=line.level >= Level.ERROR),
                *(
                    self._field(name, value)
                    for name, value in line.fields.items()
                    if name not in _MULTILINE_FIELDS
                ),
            )
            if part
        )
        rest = [
            self._style(f"{'':{_TIME_WIDTH}} {'':{_NAME_WIDTH}} {text}", dim=True)
            for name in _MULTILINE_FIELDS
            for text in line.fields.get(name, "").splitlines()
        ]
        return "\n".join([first, *rest])

    def _field(self, name: str, value: str) -> str:
        return self._style(f"{name}=", dim=True) + value

    def _colour(self, service: str) -> str:
        return self._colour_of.setdefault(
            service, _SERVICE_COLOURS[len(self._colour_of) % len(_SERVICE_COLOURS)]
        )

    def _style(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        if not self._colours or (fg is None and not bold and not dim):
            return text
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None)


def _clock(time: datetime | None) -> str:
    """The time of day where the person is."""
    return f"{time.astimezone():%H:%M:%S}.{time.microsecond // 1000:03}" if time else " " * _TIME_WIDTH
