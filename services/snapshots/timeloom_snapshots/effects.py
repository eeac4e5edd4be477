"""Effects as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform.database import Connection
from timeloom_platform.errors import DataLossError
from timeloom_snapshots import checksums, limits
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.model import Effect
from timeloom_snapshots.storage import effects as storage


class EffectReader:
    """Reads effects with their documents."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def read(
        self, connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
    ) -> dict[int, list[Effect]]:
        """Returns the effects of snapshots, for those that have any.

        Raises:
            DataLossError: What is stored fails its checksum.
        """
        if not sequences:
            return {}
        found: dict[int, list[Effect]] = {}
        for row in await storage.select_whole(connection, project_id, execution_id, sequences):
            found.setdefault(row.sequence, []).append(self._effect_of(execution_id, row))
        return found

    async def fitting(
        self, connection: Connection, project_id: UUID, execution_id: UUID, sequences: Sequence[int]
    ) -> Sequence[int]:
        """Returns as many of the snapshots as a page takes with their effects; at least one."""
        if not sequences:
            return ()
        sizes = await storage.sizes(connection, project_id, execution_id, sequences)
        totals = accumulate(sizes.get(sequence, 0) for sequence in sequences)
        fitting = sum(total <= limits.PAGE_BYTES_MAX for total in totals)
        return sequences[: max(fitting, 1)]

    def _effect_of(self, execution_id: UUID, row: storage.StoredEffect) -> Effect:
        stored = row.effect
        checksum = checksums.of_effect(stored, sequence=row.sequence, dictionary_id=row.dictionary_id)
        if checksum != row.checksum:
            raise _damaged(execution_id, row)
        try:
            return replace(
                stored,
                request=self._document(stored.request, row.dictionary_id),
                response=self._document(stored.response, row.dictionary_id),
            )
        except CodecError as error:
            raise _damaged(execution_id, row) from error

    def _document(self, frame: bytes | None, dictionary_id: int) -> bytes | None:
        return None if frame is None else self._codec.decompress(frame, dictionary_id)


def _damaged(execution_id: UUID, row: storage.StoredEffect) -> DataLossError:
    return DataLossError(
        f"Effect {row.effect.key!r} of snapshot {row.sequence} of {execution_id} is damaged."
    )
