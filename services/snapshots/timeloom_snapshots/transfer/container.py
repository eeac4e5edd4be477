"""The file around the records: header, blocks and footer, written and read piece by piece."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Final

import zstandard

from timeloom_platform.errors import TooLargeError
from timeloom_snapshots import limits, work
from timeloom_snapshots.errors import DamagedFileError

MAGIC: Final = b"\x89TLX\r\n\x1a\n"
VERSION: Final = 1
LEVEL: Final = 6

BLOCK_BYTES: Final = 256 * 1024
"""A block ends with the record by which it has so many bytes."""

_NUMBER: Final = Struct(">I")
_COUNTS: Final = Struct(">III")
_HEADER: Final = MAGIC + _NUMBER.pack(VERSION)
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a file has, as its footer says."""

    snapshots: int
    effects: int
    head_moves: int


class FileWriter:
    """Makes a file; every method returns the next bytes of it."""

    def __init__(self) -> None:
        self._digest = sha256()
        self._records: list[bytes] = []
        self._size_bytes = 0
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)

    def begin(self) -> bytes:
        """Begins the file."""
        return self._hashed(_HEADER)

    def add(self, record: bytes) -> bytes:
        """Adds a record; most of the time nothing is ready yet."""
        self._records += (_NUMBER.pack(len(record)), record)
        self._size_bytes += _NUMBER.size + len(record)
        return self._block() if self._size_bytes >= BLOCK_BYTES else b""

    def finish(self, counts: Counts) -> bytes:
        """Ends the file."""
        rest = self._block() if self._records else b""
        footer = _NUMBER.pack(0) + _COUNTS.pack(counts.snapshots, counts.effects, counts.head_moves)
        return rest + self._hashed(footer) + self._digest.digest()

    def _block(self) -> bytes:
        frame = self._compressor.compress(b"".join(self._records))
        self._records.clear()
        self._size_bytes = 0
        return self._hashed(_NUMBER.pack(len(frame)) + frame)

    def _hashed(self, data: bytes) -> bytes:
        self._digest.update(data)
        return data


class FileReader:
    """Reads a file from chunks of any size, and refuses it where it is damaged.

    Attributes:
        counts: What the footer says, after the last record.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()
        self._offset = 0
        self._unpacked_bytes = 0
        self._digest = sha256()
        self._decompressor = zstandard.ZstdDecompressor()
        self.counts: Counts | None = None

    async def records(self) -> AsyncGenerator[bytes]:
        """Yields the records.

        Raises:
            DamagedFileError: The file is no file of ours, was changed, or ends too early.
            TooLargeError: It is larger than a file may be, or holds more.
        """
        if await self._take(len(MAGIC)) != MAGIC:
            raise DamagedFileError("The file is no exported execution: it does not begin like one.")
        version = await self._number()
        if version != VERSION:
            raise DamagedFileError(f"The file has the version {version}; only {VERSION} can be read.")
        while True:
            start = self._offset
            length = await self._number()
            if length == 0:
                break
            if length > limits.FILE_BLOCK_BYTES_MAX:
                raise _damaged_at(start, f"a block claims to have {length:,} bytes")
            content = await self._unpacked(start, await self._take(length))
            for record in _split(start, content):
                yield record
        await self._finish()

    async def _finish(self) -> None:
        start = self._offset
        snapshots, effects, head_moves = _COUNTS.unpack(await self._take(_COUNTS.size))
        expected = self._digest.digest()
        if await self._take(_DIGEST_BYTES) != expected:
            raise _damaged_at(start, "the hash over the whole file differs")
        if self._buffer or await self._fill():
            raise _damaged_at(self._offset, "there is more after the end")
        self.counts = Counts(snapshots=snapshots, effects=effects, head_moves=head_moves)

    async def _unpacked(self, start: int, frame: bytes) -> bytes:
        try:
            size = zstandard.frame_content_size(frame)
            if not 0 < size <= limits.FILE_BLOCK_BYTES_MAX:
                raise _damaged_at(start, f"a block claims to hold {size:,} bytes")
            self._unpacked_bytes += size
            if self._unpacked_bytes > limits.FILE_UNPACKED_BYTES_MAX:
                raise TooLargeError(
                    f"The file holds more than {limits.FILE_UNPACKED_BYTES_MAX:,} bytes, unpacked."
                )
            return await work.on(size, self._decompressor.decompress, frame)
        except zstandard.ZstdError as error:
            raise _damaged_at(start, "a block cannot be unpacked") from error

    async def _number(self) -> int:
        (number,) = _NUMBER.unpack(await self._take(_NUMBER.size))
        return int(number)

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not await self._fill():
                end = self._offset + len(self._buffer)
                raise DamagedFileError(
                    f"The file ends too early, at byte {end:,}.", metadata={"offset": str(end)}
                )
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._offset += size
        self._digest.update(taken)
        return taken

    async def _fill(self) -> bool:
        """Waits for the next chunk that is not empty; False if there is none."""
        async for chunk in self._chunks:
            if chunk:
                self._buffer += chunk
                if self._offset + len(self._buffer) > limits.FILE_BYTES_MAX:
                    raise TooLargeError(f"The file has more than {limits.FILE_BYTES_MAX:,} bytes.")
                return True
        return False


def _split(start: int, content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        end = at + _NUMBER.size
        (length,) = _NUMBER.unpack_from(content, at) if end <= len(content) else (len(content),)
        if end + length > len(content):
            raise _damaged_at(start, "a record is longer than its block")
        yield content[end : end + length]
        at = end + length


def _damaged_at(offset: int, what: str) -> DamagedFileError:
    return DamagedFileError(
        f"The file is damaged at byte {offset:,}: {what}.", metadata={"offset": str(offset)}
    )
