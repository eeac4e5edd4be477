"""Replaying an execution: its code runs again beside the recording."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from types import TracebackType

from timeloom import _convert as convert
from timeloom.aio.recording import AsyncRecordedExecution, failure_of
from timeloom.replay.divergence import ReplayDiverged, ReplayResult
from timeloom.replay.hooks import every_hook
from timeloom.replay.player import Player, ReplayJournal
from timeloom.replay.recording import Recording
from timeloom.replay.tape import Activation, Tape
from timeloom.resources import ExecutionStatus


class AsyncReplay:
    """An execution that is being replayed; `AsyncTimeloom.replay` makes it.

    Attributes:
        recording: What is replayed.
        player: Answers the effects and judges the steps.
        execution: What the code records its steps with, as when it was recorded.
    """

    def __init__(self, recording: Recording, *, default: convert.Default | None = None) -> None:
        self.recording = recording
        self.player = Player(recording)
        self.execution = AsyncRecordedExecution(
            recording.execution,
            journal=ReplayJournal(self.player, default=default),
            default=default,
            tape=self.player,
        )
        _replays[self.player] = self

    @property
    def result(self) -> ReplayResult:
        """How it went so far, or in the end: identical, or diverged and where."""
        return self.player.result

    def end(self, error: BaseException | None) -> None:
        """Compare how the code ended with how it ended when it was recorded.

        Raises:
            ReplayDiverged: The code ended too early, or otherwise.
        """
        if error is None:
            if not self.player.finished:
                self.player.check_end(output=self.execution.output)
        elif not isinstance(error, ReplayDiverged) and not self.player.finished:
            try:
                self.player.check_end(status=ExecutionStatus.FAILED, error=failure_of(error))
            except ReplayDiverged as diverged:
                error.add_note(str(diverged))


_replays: weakref.WeakKeyDictionary[Player, AsyncReplay] = weakref.WeakKeyDictionary()


def replaying(tape: Tape | None) -> AsyncReplay | None:
    """Return the replay that a tape belongs to, if it is one."""
    return _replays.get(tape) if isinstance(tape, Player) else None


class AsyncReplaying:
    """Reads the recording when the block begins, and compares the end when the block ends."""

    def __init__(
        self, load: Callable[[], Awaitable[Recording]], *, default: convert.Default | None = None
    ) -> None:
        self._load = load
        self._default = default
        self._replay: AsyncReplay | None = None
        self._stack = ExitStack()

    async def begin(self) -> AsyncReplay:
        """Read the recording."""
        self._replay = AsyncReplay(await self._load(), default=self._default)
        return self._replay

    def activate(self) -> None:
        """Answer the effects of this context, and hook what may leave the process."""
        assert self._replay is not None
        activation = Activation(self._replay.player)
        self._stack.callback(activation.end)
        self._stack.enter_context(every_hook())

    def deactivate(self) -> None:
        """Let effects happen again."""
        self._stack.close()

    async def __aenter__(self) -> AsyncReplay:
        replay = await self.begin()
        self.activate()
        return replay

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.deactivate()
        assert self._replay is not None
        self._replay.end(error)
