"""Sealing keyframes: they are compressed again, better than there is time for while somebody records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from timeloom_platform.database import Connection
from timeloom_snapshots import checksums, limits, work
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.storage import sealing as storage
from timeloom_snapshots.storage.sealing import NewStep, StoredKeyframe, StoredStep


class KeyframeSealer:
    """Seals the keyframes of snapshots that are being sealed."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def seal(
        self,
        connection: Connection,
        project_id: UUID,
        execution_id: UUID,
        steps: Sequence[StoredStep],
        sealed: Sequence[NewStep],
    ) -> list[NewStep]:
        """Seals keyframes, and returns how their snapshots are stored from now on.

        Args:
            connection: Of the transaction that has locked the execution.
            project_id: The project.
            execution_id: The execution.
            steps: Snapshots, the first of which are sealed.
            sealed: How these would be stored if their keyframes stayed as they are.
        """
        moved: list[NewStep] = []
        room = limits.SEALED_STATES_BYTES_MAX
        for step, new in zip(steps, sealed, strict=False):
            moved.append(new)
            if step.keyframe_bytes is None:
                continue
            keyframe = await storage.select_keyframe(connection, project_id, execution_id, step.sequence)
            if keyframe is None:  # its snapshot was sealed before
                continue
            room -= step.state_bytes
            if room >= 0:
                keyframe = await work.on(step.state_bytes, self._repacked, keyframe)
            await storage.seal_keyframe(connection, project_id, execution_id, keyframe)
            moved[-1] = _with_keyframe(step, new, keyframe_bytes=len(keyframe.state))
        return moved

    def _repacked(self, keyframe: StoredKeyframe) -> StoredKeyframe:
        """Compresses a keyframe better, unless it is damaged: then it stays so, for whoever looks into it."""
        if keyframe.checksum != _checksum(keyframe):
            return keyframe
        try:
            content = self._codec.decompress(keyframe.state, keyframe.dictionary_id)
        except CodecError:
            return keyframe
        state = self._codec.compress_well(content)
        if len(state) >= len(keyframe.state):
            return keyframe
        new = replace(keyframe, state=state, dictionary_id=self._codec.dictionary_id)
        return replace(new, checksum=_checksum(new))


def _checksum(keyframe: StoredKeyframe) -> int:
    return checksums.of_keyframe(
        sequence=keyframe.sequence, dictionary_id=keyframe.dictionary_id, state=keyframe.state
    )


def _with_keyframe(step: StoredStep, new: NewStep, *, keyframe_bytes: int) -> NewStep:
    stored_bytes = new.stored_bytes - (step.keyframe_bytes or 0) + keyframe_bytes
    checksum = checksums.of_snapshot(
        base_sequence=step.base_sequence,
        dictionary_id=new.dictionary_id,
        state_bytes=step.state_bytes,
        stored_bytes=stored_bytes,
        delta=new.delta or b"",
        bridge=new.bridge,
    )
    return replace(new, stored_bytes=stored_bytes, checksum=checksum)
