"""The built-in model as onnxruntime reads it, made once from the weights and kept in a folder.

The folder of a model appears complete or not at all: it is written beside its place and renamed. Of several
processes that need it at once one makes it and the others wait. Its files are checked against their hashes
whenever they are loaded, and made again if they differ.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import structlog

from timeloom_memory.embedding import weights
from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.precision import Precision

MODEL: Final = "all-minilm-l6-v2"

RECIPE: Final = 2
"""Counts the ways in which the graph was made; the files of another one are not used."""

GRAPH_FILE: Final = "model.onnx"
NUMBERS_FILE: Final = "model.bin"
SUMS_FILE: Final = "sums.json"

_LOCK_FILE: Final = "lock"

logger = structlog.get_logger(__name__)


def ready_graph(directory: Path, precision: Precision) -> Path:
    """Returns the file of the graph, after making it, in about a second, if it is missing or damaged.

    Raises:
        ModelFilesError: The weights are missing or others, or the folder cannot be written.
    """
    folder = directory / f"{MODEL}-{precision}-{RECIPE}"
    try:
        if not _is_sound(folder):
            with _alone(directory):
                if not _is_sound(folder):
                    _make(folder, precision)
    except OSError as error:
        raise ModelFilesError(f"{error.filename or directory} cannot be used: {error.strerror}") from error
    return folder / GRAPH_FILE


def _make(folder: Path, precision: Precision) -> None:
    began = time.monotonic()
    logger.info("making the model", model=MODEL, precision=precision, step="reading the weights")
    tensors = weights.parse_safetensors(weights.verified(weights.WEIGHTS_FILE))
    unfinished = Path(mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        logger.info("making the model", model=MODEL, precision=precision, step="writing the graph")
        _write_graph(unfinished, tensors, precision)
        sums = {name: _sha256(unfinished / name) for name in (GRAPH_FILE, NUMBERS_FILE)}
        (unfinished / SUMS_FILE).write_text(json.dumps(sums), encoding="utf-8")
        if folder.exists():
            logger.warning("model damaged", model=MODEL, folder=str(folder))
            shutil.rmtree(folder)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    logger.info("model made", model=MODEL, precision=precision, seconds=round(time.monotonic() - began, 2))


def _write_graph(folder: Path, tensors: weights.Tensors, precision: Precision) -> None:
    # Imported here: it takes memory, and is needed once in the life of an installation.
    from timeloom_memory.embedding import graph  # noqa: PLC0415

    graph.save(
        graph.build(tensors, graph.Shape(), precision=precision), folder / GRAPH_FILE, numbers=NUMBERS_FILE
    )


def _is_sound(folder: Path) -> bool:
    try:
        sums: dict[str, str] = json.loads((folder / SUMS_FILE).read_text(encoding="utf-8"))
        return all(_sha256(folder / name) == sums[name] for name in (GRAPH_FILE, NUMBERS_FILE))
    except (FileNotFoundError, ValueError, KeyError):
        return False


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _alone(directory: Path) -> Generator[None]:
    """Lets one process at a time pass; the kernel lets the next one in when this one dies."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK_FILE).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
