"""Takes what the processes write: all of it into files, what matters to the terminal."""

import json
from datetime import UTC, datetime

from timeloom_stack.console import Console
from timeloom_stack.directory import DataDirectory
from timeloom_stack.log_files import LogFile
from timeloom_stack.log_lines import Level, parse
from timeloom_stack.log_rendering import LogRenderer

STACK = "timeloom"
"""The name under which the supervisor's own sentences are logged."""

LINE_BYTES_MAX = 65_536

# What they say below this is about themselves: it is in their files, and `timeloom logs` shows it.
_QUIET = {"postgres": Level.WARNING, "nats": Level.WARNING, STACK: Level.INFO}


class Logbook:
    """The sink of a supervisor."""

    def __init__(self, directory: DataDirectory, console: Console, *, verbose: bool = False) -> None:
        self._directory = directory
        self._console = console
        self._renderer = LogRenderer(colours=console.has_colours)
        self._verbose = verbose
        self._files: dict[str, LogFile] = {}
        self._unfinished: dict[str, bytes] = {}

    def write(self, name: str, chunk: bytes) -> None:
        """Takes output as it came; lines are put together, and cut where they are far too long."""
        *lines, rest = (self._unfinished.get(name, b"") + chunk).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            lines, rest = [*lines, rest], b""
        self._unfinished[name] = rest
        if not lines:
            return
        lines = [line[:LINE_BYTES_MAX] for line in lines]
        self._file(name).write(b"\n".join(lines) + b"\n")
        for line in lines:
            self._show(name, line.decode(errors="replace"))

    def tell(self, message: str, *, level: str = "warning") -> None:
        """Takes a sentence of the supervisor's own."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = json.dumps({"event": message, "level": level, "timestamp": now})
        self.write(STACK, line.encode() + b"\n")

    def tail(self, name: str, *, lines_max: int = 20) -> str:
        """The end of a service's log, as the terminal would show it."""
        path = self._directory.log_file(name)
        if not path.exists():
            return ""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines_max:]
        return "\n".join(self._renderer.render(name, parse(name, line)) for line in lines)

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()

    def _show(self, name: str, text: str) -> None:
        line = parse(name, text)
        if self._verbose or line.level >= _QUIET.get(name, Level.DEBUG):
            self._console.print(self._renderer.render(name, line))

    def _file(self, name: str) -> LogFile:
        if name not in self._files:
            self._files[name] = LogFile(self._directory.log_file(name))
        return self._files[name]
