"""The deltas of an execution, in order and in large batches, for whoever needs many of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from timeloom.state import delta
from timeloom.state.delta import Operation
from timeloom_platform.database import Database
from timeloom_platform.errors import DataLossError
from timeloom_snapshots import work
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.storage import deltas as storage
from timeloom_snapshots.storage.deltas import StoredDelta

WINDOW: Final = 256
"""The sequences of which the deltas are read at once."""

WINDOW_MAX: Final = 65_536
"""Where nothing is found, as where much was deleted, the next window is twice as large, up to this."""

BYTES_PER_STORED_BYTE: Final = 4
"""What a delta takes when it is decompressed, roughly."""

UNREADABLE: Final = (CodecError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Delta(NamedTuple):
    """What changed in one snapshot.

    Attributes:
        sequence: The snapshot's.
        operations: Relative to the snapshot before it, or to nothing if they set the root.
        encoded: The same in canonical form.
    """

    sequence: int
    operations: Sequence[Operation]
    encoded: bytes


class DeltaRuns:
    """Reads runs of deltas. A run is contiguous but where snapshots were deleted."""

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
            if not found:
                after, window = end, min(2 * window, WINDOW_MAX)
                continue
            stored_bytes = sum([len(each.content) for each in found])
            yield await work.on(stored_bytes * BYTES_PER_STORED_BYTE, self._decode, execution_id, found)
            after, window = found[-1].sequence, WINDOW

    async def turns(self, project_id: UUID, execution_id: UUID, *, last: int) -> dict[int, int]:
        """Returns the parents of those snapshots up to a sequence that do not stand on the one before."""
        async with self._database.transaction(str(project_id)) as connection:
            return await storage.select_turns(connection, project_id, execution_id, last=last)

    def _decode(self, execution_id: UUID, found: Sequence[StoredDelta]) -> Sequence[Delta]:
        try:
            decoded, encoded = self._decode_together(found)
        except UNREADABLE:
            decoded, encoded = self._decode_singly(execution_id, found)
        return [
            Delta(each.sequence, operations, content)
            for each, operations, content in zip(found, decoded, encoded, strict=True)
        ]

    def _decode_together(self, found: Sequence[StoredDelta]) -> tuple[list[list[Operation]], list[bytes]]:
        encoded = [self._codec.decompress(each.content, each.dictionary_id) for each in found]
        # Parsing many small documents as one array costs half of parsing each for itself.
        decoded = delta.decode_trusted_all(b"[" + b",".join(encoded) + b"]")
        if len(decoded) != len(found):
            raise CodecError("some of the deltas are no JSON document")
        return decoded, encoded

    def _decode_singly(
        self, execution_id: UUID, found: Sequence[StoredDelta]
    ) -> tuple[list[list[Operation]], list[bytes]]:
        """Decodes one by one, to name the one that cannot be read."""
        decoded: list[list[Operation]] = []
        encoded: list[bytes] = []
        for each in found:
            try:
                encoded.append(self._codec.decompress(each.content, each.dictionary_id))
                decoded.append(delta.decode_trusted(encoded[-1]))
            except UNREADABLE as error:
                raise unreadable(execution_id, each.sequence) from error
        return decoded, encoded


def unreadable(execution_id: UUID, sequence: int) -> DataLossError:
    """Returns the error for a snapshot that cannot be made from what is stored."""
    return DataLossError(f"Snapshot {sequence} of {execution_id} cannot be read from what is stored.")
