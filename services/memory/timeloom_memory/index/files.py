"""Graphs on disk, so that a process that starts need not build them again.

A file is only ever a copy: what PostgreSQL no longer has, or has in another version, does not count when it
is read, and what it lacks is read from there. A file that is torn, altered, or of something else is as good
as none.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

import msgspec
import numpy as np
import structlog

from timeloom_memory.index.hnsw import Graph
from timeloom_memory.index.labels import ID_BYTES, Labels
from timeloom_memory.storage.shards import ShardKey

FORMAT: Final = 1
UNUSED_DAYS_MAX: Final = 30
"""A file that nobody has read or written for so long is removed."""

_SUFFIX: Final = ".graph"
_PARTIAL: Final = ".partial"
_MAGIC: Final = b"timeloom graph\0\0"
_LENGTH: Final = struct.Struct("<I")
_HEADER_BYTES_MAX: Final = 64 * 1024
_DIGEST_BYTES: Final = 32
_READ_BYTES: Final = 1024 * 1024

logger = structlog.get_logger(__name__)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds, and up to which change of its project it may know anything."""

    format: int
    project_id: UUID
    namespace: str
    model: str
    dimension: int
    part: int
    sequence: int
    count: int
    is_quantized: bool


class DamagedFileError(Exception):
    """A file is not as it was written, or not of what it should be."""


class GraphFiles:
    """A directory with a file for each shard that has a graph. Everything here blocks: it is for threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def tidy(self) -> None:
        """Makes the directory, and removes what was not finished or is not used any more."""
        self._directory.mkdir(parents=True, exist_ok=True)
        oldest = time.time() - UNUSED_DAYS_MAX * 86_400
        for path in self._directory.iterdir():
            if path.suffix == _PARTIAL or (path.suffix == _SUFFIX and path.stat().st_mtime < oldest):
                path.unlink(missing_ok=True)

    def path_of(self, key: ShardKey) -> Path:
        """Returns where the graph of a shard is kept."""
        name = hashlib.blake2b(msgspec.json.encode(key), digest_size=16).hexdigest()
        return self._directory / f"{name}{_SUFFIX}"

    def save(self, key: ShardKey, graph: Graph, sequence: int) -> None:
        """Writes a graph beside its file and puts it in its place: there is always a whole one, or none."""
        path = self.path_of(key)
        partial = path.with_suffix(_PARTIAL)
        with partial.open("wb") as file:
            writer = _Writer(file)
            header = msgspec.json.encode(_header(key, graph, sequence))
            for piece in (_MAGIC, _LENGTH.pack(len(header)), header):
                writer.write(piece)
            for array in (graph.labels.numbers, graph.labels.ids):
                writer.write(np.ascontiguousarray(array).tobytes())
            graph.write(writer.write)
            file.write(writer.digest)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(self._directory)

    def load(self, key: ShardKey, *, is_quantized: bool, sequence: int) -> Graph | None:
        """Reads the graph of a shard; None if there is none that is good up to a change of the project.

        Args:
            key: The shard.
            is_quantized: The form that the graph must have.
            sequence: The project's last change: a file that claims to know more is of another history.
        """
        path = self.path_of(key)
        try:
            with path.open("rb") as file:
                _require_whole(file)
                header = _read_header(file)
                _require_of(key, header, is_quantized=is_quantized, sequence=sequence)
                graph = _read_graph(file, header)
        except FileNotFoundError:
            return None
        except (DamagedFileError, OSError) as error:
            logger.warning("graph built anew instead of read", file=path.name, error=error)
            path.unlink(missing_ok=True)
            return None
        os.utime(path)
        return graph

    def remove(self, key: ShardKey) -> None:
        """Removes the file of a shard, if there is one."""
        self.path_of(key).unlink(missing_ok=True)


class _Writer:
    """Writes, and digests what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.blake2b(digest_size=_DIGEST_BYTES)

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    def write(self, piece: bytes) -> int:
        self._hash.update(piece)
        self._file.write(piece)
        return len(piece)


def _header(key: ShardKey, graph: Graph, sequence: int) -> Header:
    return Header(
        format=FORMAT,
        project_id=key.project_id,
        namespace=key.namespace,
        model=key.model,
        dimension=key.dimension,
        part=int(key.part),
        sequence=sequence,
        count=graph.count,
        is_quantized=graph.is_quantized,
    )


def _require_of(key: ShardKey, header: Header, *, is_quantized: bool, sequence: int) -> None:
    expected = Header(
        format=FORMAT,
        project_id=key.project_id,
        namespace=key.namespace,
        model=key.model,
        dimension=key.dimension,
        part=int(key.part),
        sequence=min(header.sequence, sequence),
        count=header.count,
        is_quantized=is_quantized,
    )
    if header != expected:
        raise DamagedFileError("it is of something else")


def _require_whole(file: BinaryIO) -> None:
    """Compares the digest at the end with what comes before it, and goes back to the beginning."""
    remaining = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    while remaining > 0:
        piece = file.read(min(_READ_BYTES, remaining))
        if not piece:
            break
        digest.update(piece)
        remaining -= len(piece)
    if remaining or file.read() != digest.digest():
        raise DamagedFileError("its digest differs")
    file.seek(0)


def _read_header(file: BinaryIO) -> Header:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise DamagedFileError("it is no graph")
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    if length > _HEADER_BYTES_MAX:
        raise DamagedFileError("its header is too long")
    try:
        return msgspec.json.decode(file.read(length), type=Header)
    except msgspec.DecodeError as error:
        raise DamagedFileError("its header cannot be read") from error


def _read_graph(file: BinaryIO, header: Header) -> Graph:
    numbers = np.frombuffer(file.read(8 * header.count), dtype=np.int64).copy()
    ids = np.frombuffer(file.read(ID_BYTES * header.count), dtype=np.uint8).copy()
    labels = Labels.of(numbers, ids.reshape(-1, ID_BYTES))
    read: Callable[[int], bytes] = file.read
    return Graph.read(read, labels, is_quantized=header.is_quantized)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
