"""The steps of one execution that run in its worker: begun, held back, tried again and stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from timeloom.workflows._step_call import CallState, StepCall

BACK_OFF_SECONDS_MAX: Final = 10.0
"""A worker waits for a retry by itself for so long at most; a longer wait is the engine's."""


class Host(Protocol):
    """What an execution needs of its worker."""

    def clock_us(self) -> int:
        """Return the time."""
        ...

    def begin(self, call: StepCall) -> None:
        """Run a step's function, and say what it came to by `step_ended`."""
        ...

    def begin_later(self, call: StepCall, seconds: float) -> None:
        """Hand a call to `back_off_over` after so long."""
        ...

    def abandon(self, call: StepCall) -> None:
        """Stop a step's function, or its wait: nobody wants its result any more."""
        ...


class Runs:
    """What runs of an execution, and what is held back.

    Args:
        host: Runs the functions.
        may_begin: Whether a step may run now.
        now_us: The time; never before what the code has seen.
    """

    def __init__(self, host: Host, *, may_begin: Callable[[], bool], now_us: Callable[[], int]) -> None:
        self.running: dict[str, StepCall] = {}
        self.is_pausing = False
        self._host = host
        self._may_begin = may_begin
        self._now_us = now_us
        self._held: deque[StepCall] = deque()
        self._backing_off = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs, and nothing will by itself."""
        if self.running or self._backing_off:
            return False
        return self.is_pausing or not self._held

    def begin(self, call: StepCall) -> None:
        """Run a step's function, or hold it until it may run."""
        # What was answered before was so without this step: before such an answer, only code that goes
        # astray asks for it, and it must not run.
        if self.is_pausing or not self._may_begin():
            call.state = CallState.HELD
            self._held.append(call)
            return
        call.state = CallState.RUNNING
        call.attempt += 1
        call.start_us = self._now_us()
        call.reported = False
        self.running[call.id] = call
        self._host.begin(call)

    def begin_held(self) -> None:
        """Run what was held, as far as it may run now."""
        while self._held and not self.is_pausing and self._may_begin():
            call = self._held.popleft()
            if call.state is CallState.HELD:
                self.begin(call)

    def back_off(self, call: StepCall, seconds: float) -> None:
        """Try a step again after so long; a longer wait is left to the engine."""
        if seconds > BACK_OFF_SECONDS_MAX or self.is_pausing:
            call.state = CallState.WAITING
            return
        call.state = CallState.BACKING_OFF
        self._backing_off += 1
        self._host.begin_later(call, seconds)

    def back_off_over(self, call: StepCall) -> None:
        """Try a step again."""
        if call.state is CallState.BACKING_OFF:
            self._backing_off -= 1
            self.begin(call)

    def pause(self, calls: Iterable[StepCall]) -> None:
        """Begin nothing any more, and hold what waits for another try."""
        self.is_pausing = True
        for call in tuple(calls):
            if call.state is CallState.BACKING_OFF:
                self._host.abandon(call)
                self._backing_off -= 1
                call.state = CallState.HELD
                self._held.append(call)

    def stop(self, call: StepCall) -> None:
        """Stop a step, whatever it does here: nobody wants its result any more."""
        if call.state is CallState.BACKING_OFF:
            self._backing_off -= 1
        elif call.state is CallState.HELD:
            self._held.remove(call)
        if call.state in (CallState.BACKING_OFF, CallState.RUNNING):
            self.running.pop(call.id, None)
            self._host.abandon(call)
        call.state = CallState.OVER
