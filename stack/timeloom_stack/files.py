"""Files that are written whole or not at all, and readable by their owner alone where they hold secrets."""

import os
from pathlib import Path

PRIVATE = 0o600
READABLE = 0o644


def write_atomically(path: Path, text: str, *, mode: int = READABLE) -> None:
    """Replaces the file in one step; a reader, or a crash, sees the old text or the new."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.chmod(mode)
    unfinished.replace(path)
