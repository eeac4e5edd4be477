"""A recording: one execution as it was recorded, in memory or in a file, to be replayed anywhere.

The file is gzip over lines of JSON: a heading, then a line for each step with its facts, its effects and the
delta of its state. Loading it rebuilds every state and compares it with its recorded hash.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from timeloom.errors import DamagedFileError, DataLossError
from timeloom.resources import NOT_LOADED, Execution, Snapshot
from timeloom.state import delta
from timeloom.state.statehash import StateHash

if TYPE_CHECKING:
    from timeloom.aio import AsyncTimeloom

FORMAT: Final = "timeloom-recording"
VERSION: Final = 1
BYTES_MAX: Final = 2 * 1024**3
"""How large a file may be when it is unpacked."""

_LINE_BYTES_MAX: Final = 256 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A step of a recording.

    Attributes:
        snapshot: Its facts and effects, without the state.
        operations: What it changed in the state.
    """

    snapshot: Snapshot
    operations: tuple[delta.Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An execution with the steps that lead to its head, oldest first, without branches that were left."""

    execution: Execution
    steps: tuple[RecordedStep, ...]

    @classmethod
    async def of(cls, client: AsyncTimeloom, execution_id: str) -> Recording:
        """Read a recording from the server.

        Raises:
            NotFoundError: The project has no such execution.
            DamagedFileError: A state does not have its recorded hash.
        """
        execution = await client.executions.get(execution_id)
        listed = client.snapshots.list(execution_id, include_effects=True)
        path = _path([snapshot async for snapshot in listed], execution.head_sequence)
        steps: list[RecordedStep] = []
        states = _States()
        async with aclosing(_read_states(client, path)) as found:
            async for snapshot, state in found:
                steps.append(RecordedStep(snapshot=snapshot, operations=states.advance(snapshot, state)))
        return cls(execution=execution, steps=tuple(steps))

    def states(self) -> Iterator[tuple[RecordedStep, Any]]:
        """Yield every step with the state after it. Nobody may change these states."""
        state: Any = None
        for step in self.steps:
            state = delta.apply(state, step.operations)
            yield step, state

    def save(self, path: str | Path) -> None:
        """Write it to a file, which `load` reads wherever there is no server."""
        heading = {"format": FORMAT, "version": VERSION, "steps": len(self.steps)}
        with gzip.GzipFile(path, "wb", mtime=0) as file:
            for document in (heading, self.execution):
                file.write(msgspec.json.encode(document) + b"\n")
            for step in self.steps:
                line = _StepLine(step.snapshot, msgspec.Raw(delta.encode(step.operations)))
                file.write(msgspec.json.encode(line) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read a file that `save` wrote.

        Raises:
            DamagedFileError: It is not what was written; the message names the place.
        """
        try:
            with gzip.open(path, "rb") as file:
                lines = _lines(file)
                heading = msgspec.json.decode(next(lines, b"{}"))
                if heading.get("format") != FORMAT:
                    raise DamagedFileError(f"{path} is no recording of Timeloom")
                if heading["version"] != VERSION:
                    raise DamagedFileError(
                        f"{path} has version {heading['version']}; this client reads version {VERSION}"
                    )
                execution = msgspec.json.decode(next(lines, b""), type=Execution)
                steps = tuple(_step(line) for line in lines)
        except (EOFError, gzip.BadGzipFile, zlib.error, msgspec.DecodeError, delta.DeltaError) as error:
            raise DamagedFileError(f"{path} is damaged: {error}") from error
        if len(steps) != heading["steps"]:
            raise DamagedFileError(f"{path} has {len(steps)} of its {heading['steps']} steps")
        recording = cls(execution=execution, steps=steps)
        recording.verify()
        return recording

    def verify(self) -> None:
        """Compare every state with its recorded hash.

        Raises:
            DamagedFileError: One of them has another; the message names the snapshot.
        """
        states = _States()
        for step in self.steps:
            states.check(step)


class _States:
    """Follows the states of a recording, and compares each with its hash."""

    def __init__(self) -> None:
        self._state: Any = None
        self._hash: StateHash | None = None

    def advance(self, snapshot: Snapshot, state: Any) -> tuple[delta.Operation, ...]:
        """Go on to a state that was read, and return what changed."""
        first = self._hash is None
        operations = (delta.Set((), state),) if first else tuple(delta.diff(self._state, state))
        self.check(RecordedStep(snapshot=snapshot, operations=operations))
        return operations

    def check(self, step: RecordedStep) -> None:
        try:
            self._state = delta.apply(self._state, step.operations)
        except delta.DeltaError as error:
            raise DamagedFileError(
                f"The delta of snapshot {step.snapshot.sequence} does not fit: {error}"
            ) from error
        self._hash = (
            StateHash.of(self._state)
            if self._hash is None
            else self._hash.updated(self._state, step.operations)
        )
        if self._hash.digest.hex() != step.snapshot.state_hash:
            raise DamagedFileError(
                f"The state of snapshot {step.snapshot.sequence} does not have its recorded hash"
            )


def _path(snapshots: Sequence[Snapshot], head: int) -> list[Snapshot]:
    """Return the snapshots from the first one to the head, passing over branches that were left."""
    by_sequence = {snapshot.sequence: snapshot for snapshot in snapshots}
    path: list[Snapshot] = []
    while head:
        snapshot = by_sequence.get(head)
        if snapshot is None:
            raise DataLossError(f"Snapshot {head} is not there any more: what led to it cannot be replayed")
        path.append(snapshot)
        head = snapshot.parent_sequence
    return path[::-1]


async def _read_states(
    client: AsyncTimeloom, path: Sequence[Snapshot]
) -> AsyncGenerator[tuple[Snapshot, Any], None]:
    """Yield the snapshots of a path with their states, which travel as deltas."""
    if not path:
        return
    wanted = {snapshot.sequence: snapshot for snapshot in path}
    first = path[0]
    async with client.playback(first.execution_id, sequence=first.sequence) as playback:
        yield first, playback.frame.state
        await playback.play(speed=0)
        async for frame in playback:
            if frame.sequence in wanted:
                yield wanted[frame.sequence], frame.state
            if frame.sequence == path[-1].sequence:
                return


def _lines(file: gzip.GzipFile) -> Iterator[bytes]:
    size = 0
    while line := file.readline(_LINE_BYTES_MAX):
        size += len(line)
        if size > BYTES_MAX or not line.endswith(b"\n"):
            raise DamagedFileError(f"The recording is cut off, or larger than {BYTES_MAX:,} bytes")
        yield line


class _StepLine(msgspec.Struct):
    snapshot: Snapshot
    delta: msgspec.Raw


def _step(line: bytes) -> RecordedStep:
    read = msgspec.json.decode(line, type=_StepLine)
    # What stands for a state that is not loaded is none of JSON's values.
    snapshot = replace(read.snapshot, state=NOT_LOADED)
    return RecordedStep(snapshot=snapshot, operations=tuple(delta.decode(bytes(read.delta))))
