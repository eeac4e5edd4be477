"""The file around the records: what is written is read, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable

import pytest
import zstandard

from timeloom_platform.errors import TooLargeError
from timeloom_snapshots import limits
from timeloom_snapshots.errors import DamagedFileError
from timeloom_snapshots.transfer.container import MAGIC, Counts, FileReader, FileWriter

COUNTS = Counts(snapshots=3, effects=2, head_moves=1)
RECORDS = [b"", b"one", bytes(range(256)) * 3000, b"", b"last"]


def _file(records: Iterable[bytes] = RECORDS) -> bytes:
    writer = FileWriter()
    parts = [writer.begin(), *map(writer.add, records), writer.finish(COUNTS)]
    return b"".join(parts)


async def _chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _read(data: bytes, *, chunk_bytes: int = 1000) -> tuple[list[bytes], Counts | None]:
    reader = FileReader(_chunks(data, chunk_bytes))
    return [record async for record in reader.records()], reader.counts


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1 << 20])
async def test_what_is_written_is_read(chunk_bytes: int) -> None:
    assert await _read(_file(), chunk_bytes=chunk_bytes) == (RECORDS, COUNTS)


async def test_a_truncated_file_is_refused_with_its_length() -> None:
    data = _file()
    for size in [*range(40), *random.Random(1).sample(range(40, len(data)), 100)]:
        with pytest.raises(DamagedFileError) as caught:
            await _read(data[:size])
        assert caught.value.metadata == {"offset": str(size)}


async def test_a_changed_file_is_refused() -> None:
    data = _file()
    places = [
        *range(len(MAGIC) + 8),
        *random.Random(2).sample(range(len(data)), 100),
        *range(len(data) - 48, len(data)),
    ]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises((DamagedFileError, TooLargeError)):
            await _read(bytes(changed))


async def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(DamagedFileError, match="after the end"):
        await _read(_file() + b"x")


@pytest.mark.parametrize("size", [limits.FILE_BLOCK_BYTES_MAX + 1, 0])
async def test_a_block_that_claims_to_hold_too_much_is_not_unpacked(size: int) -> None:
    frame = bytearray(zstandard.ZstdCompressor(write_content_size=True).compress(bytes(200_000)))
    assert frame[4] >> 6 == 2, "the size has four bytes, right after the descriptor"
    at = 5 if frame[4] & 0x20 else 6
    frame[at : at + 4] = size.to_bytes(4, "little")
    data = _file([])[: len(MAGIC) + 4] + len(frame).to_bytes(4, "big") + bytes(frame)
    with pytest.raises(DamagedFileError, match="claims to hold"):
        await _read(data)
