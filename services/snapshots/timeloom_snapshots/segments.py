"""Segments: the deltas of many snapshots in one frame, which takes a third less than a frame for each.

A segment is an array, in MessagePack, of what is stored of its snapshots: sequence, delta, and the bridge
where there is one; compressed with zstd. It needs no dictionary: its deltas are each other's. Between its
snapshots there are no others, so that a run may be read segment by segment.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import zstandard

from timeloom_snapshots import limits
from timeloom_snapshots.codec import Codec, CodecError, decompressed_size

DICTIONARY_ID: Final = -1
"""Stands, in a run of deltas, where a delta names its dictionary: then it is a part of a segment."""

LEVEL: Final = 9
"""Higher ones save another hundredth, and take several times as long."""

_ENTRY_BYTES: Final = 32

_PART: Final = struct.Struct(">ii")


class Entry(NamedTuple):
    """What is stored of one snapshot, uncompressed."""

    sequence: int
    delta: bytes
    bridge: bytes | None

    @property
    def step(self) -> bytes:
        """What leads to its state from the snapshot that precedes it now."""
        return self.delta if self.bridge is None else self.bridge

    @property
    def size_bytes(self) -> int:
        """What it adds to a segment before that is compressed."""
        return _ENTRY_BYTES + len(self.delta) + len(self.bridge or b"")


_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(list[Entry])
_local: Final = threading.local()


def pack(entries: Sequence[Entry]) -> bytes:
    """Returns a segment."""
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True)
    return compressor.compress(_encode(entries))


def unpack(content: bytes) -> list[Entry]:
    """Returns what is in a segment.

    Raises:
        CodecError: The segment is damaged.
    """
    decompressor: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    try:
        size = zstandard.frame_content_size(content)
        if not 0 <= size <= limits.SEGMENT_BYTES_MAX:
            raise CodecError(f"the segment claims to hold {size} bytes")
        return _decoder.decode(decompressor.decompress(content))
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise CodecError(str(error)) from error


def shares(entries: Sequence[Entry], content: bytes) -> list[int]:
    """Returns what each snapshot takes of a segment: as much of it as of what was compressed."""
    sizes = [entry.size_bytes for entry in entries]
    total, before, ends = sum(sizes), 0, [0]
    for size in sizes:
        before += size
        ends.append(len(content) * before // total)
    return [end - start for start, end in pairwise(ends)]


def unpack_part(frame: bytes) -> list[Entry]:
    """Returns what counts of a segment in a run of deltas.

    There it stands behind the sequence after which it counts, and the one up to which: a fork shares a part
    of its origin's segment, and a run may begin and end within one.

    Raises:
        CodecError: The segment is damaged.
    """
    after, last = _PART.unpack_from(frame)
    return [entry for entry in unpack(frame[_PART.size :]) if after < entry.sequence <= last]


def size_of_part(frame: bytes) -> int:
    """Returns how large the segment behind a part says that its content is; zero if it does not say."""
    return decompressed_size(frame[_PART.size :])


def steps(frames: Iterable[tuple[bytes, int]], codec: Codec) -> Iterator[bytes]:
    """Yields the deltas of a run, uncompressed and in order.

    Args:
        frames: Deltas and parts of segments, in order, each with the id of its dictionary.
        codec: Decompresses the deltas.

    Raises:
        CodecError: One of them is damaged.
    """
    for frame, dictionary_id in frames:
        if dictionary_id == DICTIONARY_ID:
            yield from (entry.step for entry in unpack_part(frame))
        else:
            yield codec.decompress(frame, dictionary_id)
