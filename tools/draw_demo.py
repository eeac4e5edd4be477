"""Draw the README's picture from what the demo prints.

The picture is the part of the demo's output from the timeline of the recorded agent to the difference of two
of its states, drawn as a terminal. Run it when that output has changed: `make picture`.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURE = REPOSITORY / "docs" / "images" / "demo.svg"
FIRST_LINE = "Its timeline"
LAST_LINE = "1 added, 1 changed"
COLUMNS = 100

THEME = TerminalTheme(
    (13, 17, 23),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (201, 209, 217),
    ],
)


def main() -> int:
    """Run the demo and draw; an error if its output has no such part any more."""
    environment = {**os.environ, "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "COLUMNS": str(COLUMNS)}
    demo = subprocess.run(
        [sys.executable, "examples/langgraph_agent.py"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = Text.from_ansi(demo.stdout).split("\n")
    plain = [line.plain.strip() for line in lines]
    if FIRST_LINE not in plain or LAST_LINE not in plain:
        print(f"the demo prints no part from {FIRST_LINE!r} to {LAST_LINE!r}", file=sys.stderr)
        return 1
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines[plain.index(FIRST_LINE) : plain.index(LAST_LINE) + 1]:
        console.print(line)
    picture = console.export_svg(title="make demo", theme=THEME, unique_id="demo")
    # Rich would have it load its font from elsewhere; the reader's own will do.
    picture = re.sub(r"@font-face {.*?}\s*", "", picture, flags=re.DOTALL)
    picture = picture.replace("Fira Code,", "ui-monospace, Menlo, Consolas,")
    PICTURE.write_text(picture, encoding="utf-8")
    print(PICTURE.relative_to(REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
