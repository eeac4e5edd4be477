"""The deltas of an execution, in order and in large batches, for whoever needs many of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec

from timeloom.state import delta
from timeloom.state.delta import Operation
from timeloom_platform.database import Database
from timeloom_snapshots import segments, work
from timeloom_snapshots.codec import Codec, CodecError, decompressed_size
from timeloom_snapshots.steps import Delta, unreadable
from timeloom_snapshots.storage import deltas as storage
from timeloom_snapshots.storage.deltas import StoredDelta

WINDOW: Final = 512
"""The sequences of which the deltas are read at once."""

WINDOW_MAX: Final = 65_536
"""Where nothing is found, as where much was deleted, the next window is twice as large, up to this."""

DECODED_BYTES_MAX: Final = 16 * 1024 * 1024
"""The deltas that are decoded at once, if no delta for itself has more."""

UNREADABLE: Final = (CodecError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class DeltaRuns:
    """Reads runs of deltas.

    Where snapshots were deleted there is a gap: what follows it is relative to what precedes it now, or to
    nothing that is there if its state is stored as a whole.
    """

    def __init__(self, *, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    async def read(
        self, project_id: UUID, execution_id: UUID, *, after: int, last: int
    ) -> AsyncGenerator[Sequence[Delta]]:
        """Yields the deltas after a sequence and up to another, some at a time.

        Raises:
            DataLossError: What is stored cannot be read.
        """
        window = WINDOW
        while after < last:
            end = min(after + window, last)
            async with self._database.transaction(str(project_id)) as connection:
                found = await storage.select_run(connection, project_id, execution_id, after=after, last=end)
            reached = after
            for group, size_bytes in _groups(found):
                deltas = await work.on(size_bytes, self._decode, execution_id, group)
                if deltas:
                    reached = deltas[-1].sequence
                    yield deltas
            if reached > after:
                after, window = reached, WINDOW
            else:
                after, window = end, min(2 * window, WINDOW_MAX)

    def _decode(self, execution_id: UUID, found: Sequence[StoredDelta]) -> Sequence[Delta]:
        steps: list[tuple[int, bytes]] = []
        for each in found:
            try:
                steps.extend(self._steps(each))
            except CodecError as error:
                raise unreadable(execution_id, each.sequence) from error
        try:
            # Parsing many small documents as one array costs half of parsing each for itself.
            decoded = delta.decode_trusted_all(b"[" + b",".join([content for _, content in steps]) + b"]")
        except UNREADABLE:
            decoded = []
        if len(decoded) != len(steps):
            decoded = [_decode_one(execution_id, *step) for step in steps]
        return [
            Delta(sequence, operations, content)
            for operations, (sequence, content) in zip(decoded, steps, strict=True)
        ]

    def _steps(self, stored: StoredDelta) -> list[tuple[int, bytes]]:
        """Decompresses a delta or, of a segment, those that count."""
        if stored.dictionary_id != segments.DICTIONARY_ID:
            return [(stored.sequence, self._codec.decompress(stored.content, stored.dictionary_id))]
        return [(each.sequence, each.step) for each in segments.unpack_part(stored.content)]


def _decode_one(execution_id: UUID, sequence: int, content: bytes) -> list[Operation]:
    """Decodes for itself what could not be decoded with the others, to name the one that is to blame."""
    try:
        return delta.decode_trusted(content)
    except UNREADABLE as error:
        raise unreadable(execution_id, sequence) from error


def _groups(found: Sequence[StoredDelta]) -> Iterator[tuple[Sequence[StoredDelta], int]]:
    """Divides a run into parts that are small when they are decompressed, and says how large each is."""
    group: list[StoredDelta] = []
    total = 0
    for each in found:
        is_part = each.dictionary_id == segments.DICTIONARY_ID
        size_bytes = (segments.size_of_part if is_part else decompressed_size)(each.content)
        if group and total + size_bytes > DECODED_BYTES_MAX:
            yield group, total
            group, total = [], 0
        group.append(each)
        total += size_bytes
    if group:
        yield group, total
