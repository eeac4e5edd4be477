"""One execution of a workflow's code: what it remembers, what it asks for, and what is to be told of it.

The code runs on a loop of its own (`_loop`) from its beginning. Steps that the execution has had are
answered from what it was given, in the order in which they ended, one at a time: after each, the code runs
until it can do nothing without another answer. So it takes the same way again, whatever it does at once.
New steps run in the worker, and what they come to is told in records.

The end time of a step is also its place in that order. The clocks of workers may differ: each end is later
than the one before it, whatever the clock says. What the engine ended (a sleep, an event) keeps the time
that the engine gave it, unless the code saw something later before it; then its record goes back with the
time of when it was seen.

Nothing here knows of gRPC or of other executions: the worker hands in what comes, and takes what is to be
sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from timeloom.workflows import _places, _times, documents
from timeloom.workflows._loop import WorkflowLoop
from timeloom.workflows._recollection import Recollection, is_answer
from timeloom.workflows._reports import ENDED, RUN_BY_WORKER, Reports
from timeloom.workflows._runs import Host, Runs
from timeloom.workflows._step_call import CallState, StepCall
from timeloom.workflows.errors import (
    CompensationError,
    NonDeterminismError,
    StepError,
    WorkflowError,
    failure_of,
    step_error_of,
)
from timeloom.workflows.functions import Step, Workflow
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""What a step, or the workflow, may return."""

INPUT_BYTES_SHOWN_MAX: Final = 64 * 1024
"""What a step is given is kept for people; what is larger is left out."""

CLOSING_ROUNDS_MAX: Final = 100
"""How often code that is told to stop may go on waiting."""

_SUCCEEDED: Final = pb.STEP_STATUS_SUCCEEDED
_FAILED: Final = pb.STEP_STATUS_FAILED
_CANCELLED: Final = pb.STEP_STATUS_CANCELLED


class CodeExecution:
    """An execution that a worker has: where its code stands, and what the engine does not know yet."""

    def __init__(self, task: messages.ExecutionTask, workflow: Workflow[..., Any], host: Host) -> None:
        self.id = task.execution_id
        self.token = task.token
        self.workflow_id = task.workflow_id
        self.workflow = workflow
        self.is_parked = False
        self.is_over = False
        self.reports = Reports(workflow.durability)
        self._host = host
        self._loop = WorkflowLoop(self)  # type: ignore[abstract]  # what it lacks is set by name, and refuses
        self._memory = Recollection(task.steps, next_position=task.next_position)
        self._runs = Runs(host, may_begin=self._may_begin, now_us=self._clock_us)
        self._calls: dict[str, StepCall] = {}
        self._timers: dict[asyncio.TimerHandle, StepCall] = {}
        self._undo: list[tuple[StepCall, Any]] = []
        self._time_us = _times.us_of(task.start_time)
        self._is_leaving = False
        self._is_cancelling = task.cancelling
        self._is_cancelled = False
        self._is_closing = False
        self._outcome: messages.ExecutionProgress | None = None
        self._main: asyncio.Task[Any] = self._loop.create_task(self._run(task.input), name=self.id)

    # -- What comes from the engine ------------------------------------------------------

    def go_on(self) -> None:
        """Run the code as far as it comes."""
        if self.is_over or self.is_parked:
            return
        try:
            self._loop.run_until_idle()
            while not self._main.done() and self._answer_next():
                self._loop.run_until_idle()
            if self._memory.has_answers and not self._main.done():
                raise self._astray()
            self._runs.begin_held()
            self._check()
        except NonDeterminismError as error:
            self._end_with(failed=messages.ExecutionFailed(error=failure_of(error)))

    def resume(self, task: messages.ExecutionTask) -> None:
        """Go on with an execution that was parked and kept, by what happened since."""
        self.token = task.token
        self.reports.restart()
        self.is_parked = False
        self._runs.is_pausing = False
        self._is_cancelling |= task.cancelling
        self._answered(task.steps)
        self._runs.begin_held()
        self.go_on()

    def acked(self, ack: messages.ProgressAck) -> None:
        """Note what is committed, and go on by what happened meanwhile."""
        self.reports.acked(ack)
        if self._outcome is not None or self.is_parked:
            return
        self.reports.saw(ack.news)
        self._is_cancelling |= ack.cancelling
        if ack.pause and not self._runs.is_pausing:
            self._runs.pause(self._calls.values())
        self._answered(ack.steps)
        self._runs.begin_held()
        if ack.steps or ack.cancelling:
            self.go_on()

    def renumber(self, token: int) -> None:
        """Go on under another token: what was not answered is to be sent again under it."""
        self.token = token
        self.reports.renumber(token)

    def close(self) -> None:
        """Forget it: the code is told to stop, and what it does then counts no more."""
        self.is_over = True
        self._is_closing = True
        for call in [*self._runs.running.values(), *self._calls.values()]:
            self._runs.stop(call)
        for _ in range(CLOSING_ROUNDS_MAX):
            if not self._loop.tasks:
                break
            for task in tuple(self._loop.tasks):
                task.cancel()
            self._loop.run_until_idle()
        if self._main.done() and not self._main.cancelled():
            self._main.exception()  # nobody is to hear of it

    def break_off(self, failure: pb.WorkflowError) -> None:
        """End it: it cannot be run."""
        self._end_with(failed=messages.ExecutionFailed(error=failure))

    def leave(self) -> None:
        """Begin nothing more, and give the execution back once what runs has ended: the worker stops."""
        self._is_leaving = True
        if not self._runs.is_pausing:
            self._runs.pause(self._calls.values())

    def leave_now(self) -> None:
        """Give the execution back without what still runs: whoever takes it runs that again."""
        self.leave()
        for call in tuple(self._runs.running.values()):
            self._runs.stop(call)

    # -- What comes from the worker --------------------------------------------------------

    def step_ended(self, call: StepCall, output: bytes, failure: pb.WorkflowError | None) -> None:
        """Take what a step's function came to, and run the code as far as it comes."""
        if self._runs.running.pop(call.id, None) is None:
            return
        assert call.step is not None
        if failure is None and len(output) > DOCUMENT_BYTES_MAX:
            failure = pb.WorkflowError(
                type="TooLargeError",
                message=f"it returned more than {DOCUMENT_BYTES_MAX} bytes",
                is_final=True,
            )
        if failure is not None and not call.step.retry.gives_up(failure, call.attempt):
            self._try_again(call, failure)
            return
        record = self._record(call, _SUCCEEDED if failure is None else _FAILED)
        if failure is None:
            record.output = output
        else:
            failure.step_id = call.id
            record.error.CopyFrom(failure)
        self._time_us = max(self._host.clock_us(), self._time_us + 1)
        record.end_time.CopyFrom(_times.timestamp(self._time_us))
        self._tell(record, size=len(output))
        self._answer(call, record)
        self.go_on()

    def back_off_over(self, call: StepCall) -> None:
        """Try a step again."""
        self._runs.back_off_over(call)

    def report_running(self, before_us: int) -> None:
        """Let people see the steps that have been running since before this time."""
        for call in self._runs.running.values():
            if not call.reported and call.start_us <= before_us:
                call.reported = True
                self._tell(self._record(call, pb.STEP_STATUS_RUNNING), is_urgent=True)

    def message(self, now_us: int) -> messages.ExecutionProgress | None:
        """Return what is to be sent now, if anything is."""
        if self.is_over or self.is_parked:
            return None
        outcome = self._outcome
        if outcome is not None:
            self.is_over = True
        elif self._runs.is_quiet:
            outcome = self._rest()
        elif self.reports.is_due(now_us):
            outcome = messages.ExecutionProgress(running=messages.ExecutionRunning())
        else:
            return None
        self.reports.seal(outcome, execution_id=self.id, token=self.token)
        return outcome

    def _rest(self) -> messages.ExecutionProgress:
        """Return how an execution goes on of which nothing runs."""
        if self._is_leaving:
            self.is_over = True
            return messages.ExecutionProgress(returned=messages.ExecutionReturned(reason="the worker leaves"))
        self.is_parked = True
        return messages.ExecutionProgress(parked=messages.ExecutionParked(is_kept=True))

    # -- What the code asks for ----------------------------------------------------------

    async def run_step(self, step: Step[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Answer a step from memory, or run it."""
        call = self._step_call(step.name, pb.STEP_TYPE_RUN, step, args, named)
        result = await self._wait(call)
        if step.compensate is not None:
            self._undo.append((call, result))
        return result

    async def wait_for(
        self, name: str, step_type: pb.StepType.ValueType, wait: Callable[[], messages.StepWait]
    ) -> Any:
        """Answer from memory what the engine waits for, or let it wait.

        Args:
            name: The step's, before it is numbered.
            step_type: What kind of wait it is.
            wait: Makes what it waits for; not called if the execution remembers it.
        """
        return await self._wait(self._wait_call(name, step_type, wait))

    def patched(self, name: str) -> bool:
        """Tell whether this execution follows the newer code."""
        step_id = f"patch:{name}"
        if self._memory.is_known(step_id):
            return True
        if self._memory.take(step_id) is None:
            if not self._memory.is_whole:
                return False  # it went on from here before: by the older code
            stamp = _times.timestamp(self._time_us)
            record = messages.StepRecord(
                id=step_id,
                type=pb.STEP_TYPE_PATCH,
                status=_SUCCEEDED,
                position=self._memory.next_position(),
                attempt=1,
                output=b"true",
                start_time=stamp,
                end_time=stamp,
            )
            self._tell(record)
        self._memory.note(step_id)
        return True

    @property
    def is_running(self) -> bool:
        """Whether a step's function runs."""
        return bool(self._runs.running)

    @cached_property
    def random(self) -> random.Random:
        """A generator of numbers that are the same in every run."""
        return random.Random(self.id)  # noqa: S311 - it has to be foreseeable

    def now_us(self) -> int:
        """Return the time that the code may know: of the last answer that it got."""
        return self._time_us

    def _may_begin(self) -> bool:
        return not (self._memory.has_answers or self.reports.is_full)

    def _clock_us(self) -> int:
        """Return the time, never before what the code has seen."""
        return max(self._host.clock_us(), self._time_us)

    def _step_call(
        self,
        name: str,
        step_type: pb.StepType.ValueType,
        step: Step[..., Any],
        args: Sequence[Any],
        named: Mapping[str, Any],
    ) -> StepCall:
        call = self._call(self._memory.numbered(name), step_type, step.shape.read_output)
        call.step, call.args, call.named = step, args, named
        record = self._memory.recalled(call)
        if record is None or record.status not in ENDED:
            if record is not None:
                call.attempt = record.attempt
            if record is not None and record.status == pb.STEP_STATUS_RETRYING:
                self._runs.back_off(call, _times.seconds_of(record.wait.time.duration))
            else:
                self._runs.begin(call)
        return call

    def _wait_call(
        self, name: str, step_type: pb.StepType.ValueType, wait: Callable[[], messages.StepWait]
    ) -> StepCall:
        call = self._call(self._memory.numbered(name), step_type, documents.parsed)
        record = self._memory.recalled(call)
        if record is None:
            call.attempt = 1
            record = self._record(call, pb.STEP_STATUS_WAITING)
            record.wait.CopyFrom(wait())
            self._tell(record, is_urgent=True)
        if record.status not in ENDED:
            call.state = CallState.WAITING
        return call

    async def _wait(self, call: StepCall) -> Any:
        try:
            return await call.future
        except asyncio.CancelledError:
            self._abandon(call)
            raise

    def _call(self, step_id: str, step_type: pb.StepType.ValueType, read: documents.Reader) -> StepCall:
        if self._is_closing:
            raise asyncio.CancelledError
        call = StepCall(self, step_id, step_type, read=read, future=self._loop.create_future())
        call.start_us = self._clock_us()
        self._memory.note(step_id)
        self._calls[step_id] = call
        return call

    def _try_again(self, call: StepCall, failure: pb.WorkflowError) -> None:
        assert call.step is not None
        seconds = call.step.retry.seconds_before(call.attempt + 1, chance=random.random())  # noqa: S311
        record = self._record(call, pb.STEP_STATUS_RETRYING)
        failure.step_id = call.id
        record.error.CopyFrom(failure)
        record.wait.time.duration.CopyFrom(_times.duration(seconds))
        self._tell(record, is_urgent=True)
        self._runs.back_off(call, seconds)

    def _abandon(self, call: StepCall) -> None:
        """Stop what the code no longer waits for."""
        if call.state in (CallState.OVER, CallState.RECORDED) or self._is_closing:
            self._calls.pop(call.id, None)
            return
        self._runs.stop(call)
        self._calls.pop(call.id, None)
        record = self._record(call, _CANCELLED)
        self._time_us += 1
        record.end_time.CopyFrom(_times.timestamp(self._time_us))
        self._tell(record, is_urgent=True)

    # -- Answers -----------------------------------------------------------------------------

    def _answered(self, records: Sequence[messages.StepRecord]) -> None:
        """Take what the engine says of steps that wait."""
        for record in records:
            if is_answer(record):
                self._memory.add_answer(record)
                continue
            call = self._calls.get(record.id)
            is_waiting = call is not None and call.state is CallState.WAITING
            if call is not None and is_waiting and record.type in RUN_BY_WORKER:
                call.attempt = record.attempt
                self._runs.begin(call)

    def _answer_next(self) -> bool:
        """Give the code the next answer, in the order in which it had them; False if there is none for it."""
        found = self._memory.next_answer(self._calls)
        if found is None:
            return self._cancel_once()
        self._see(*found)
        self._answer(*found)
        return True

    def _see(self, call: StepCall, record: messages.StepRecord) -> None:
        """Note when the code sees an answer: later than all that it saw before."""
        self._memory.take(record.id)
        time_us = _times.us_of(record.end_time)
        if time_us > self._time_us:
            self._time_us = time_us
            return
        self._time_us += 1
        seen = self._record(call, record.status)
        seen.attempt = record.attempt
        seen.end_time.CopyFrom(_times.timestamp(self._time_us))
        self._tell(seen)

    def _answer(self, call: StepCall, record: messages.StepRecord) -> None:
        call.state = CallState.OVER
        self._calls.pop(call.id, None)
        if call.future.done():
            return  # the code gave it up in the same moment
        if record.status == _SUCCEEDED:
            call.future.set_result(call.read(record.output))
        elif record.status == _FAILED:
            call.future.set_exception(step_error_of(record.error, step_id=record.id))
        else:
            call.future.set_result(None)

    def _cancel_once(self) -> bool:
        if not self._is_cancelling or self._is_cancelled:
            return False
        self._is_cancelled = True
        self._main.cancel("the execution was cancelled")
        return True

    # -- The end -----------------------------------------------------------------------------

    async def _run(self, document: bytes) -> Any:
        shape = self.workflow.shape
        try:
            args = (shape.read_input(document),) if shape.parameters else ()
            result = await self.workflow.function(*args)
            self._refuse_end()
            return result  # noqa: TRY300 - what follows is about errors of all of this
        except (Exception, asyncio.CancelledError) as error:
            if self._undo and not isinstance(error, NonDeterminismError) and not self._is_closing:
                await self._compensate(error)
            raise

    def _refuse_end(self) -> None:
        """Raise the cancellation of an execution that was cancelled before its end was committed."""
        if self._is_cancelling and not self._is_cancelled:
            self._is_cancelled = True
            raise asyncio.CancelledError

    async def _compensate(self, cause: BaseException) -> None:
        """Undo what steps did, the last one first."""
        others = [task for task in self._loop.tasks if task is not asyncio.current_task(self._loop)]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)
        failures: list[str] = []
        while self._undo:
            call, result = self._undo.pop()
            assert call.step is not None
            assert call.step.compensate is not None
            undo = call.step.compensate
            args = (result, *call.args)
            try:
                await self._wait(
                    self._step_call(
                        f"compensate:{call.id}", pb.STEP_TYPE_COMPENSATION, undo, args, call.named
                    )
                )
            except StepError as error:
                failures.append(str(error))
        if failures:
            raise CompensationError(
                f"what it did could not all be undone: {'; '.join(failures)}", is_final=True
            ) from cause

    def _check(self) -> None:
        """Find out whether the code has ended, and whether it can go on."""
        if self._outcome is not None:
            return
        if self._main.done():
            self._finish()
        elif self._runs.is_quiet and not self._runs.is_pausing:
            if self._memory.is_unasked:
                raise self._astray()
            if not any(call.state is CallState.WAITING for call in self._calls.values()):
                place = _places.of_tasks(self._loop.tasks)
                raise NonDeterminismError(f"the code waits for something that no step answers, at {place}")

    def _finish(self) -> None:
        if self._main.cancelled():
            if self._is_cancelled:
                self._end_with(cancelled=messages.ExecutionCancelled())
            else:
                lost = WorkflowError("the code cancelled itself", type="CancelledError")
                self._end_with(failed=messages.ExecutionFailed(error=failure_of(lost)))
            return
        error = self._main.exception()
        if error is not None:
            self._end_with(failed=messages.ExecutionFailed(error=failure_of(error)))
        elif self._is_cancelled:
            self._end_with(cancelled=messages.ExecutionCancelled())
        elif self._memory.is_unasked:
            raise self._astray()
        else:
            self._succeed(self._main.result())

    def _succeed(self, result: Any) -> None:
        try:
            output = documents.written(result)
        except TypeError as error:
            self._end_with(failed=messages.ExecutionFailed(error=failure_of(error)))
            return
        self.reports.unsent_bytes += len(output)
        self._end_with(succeeded=messages.ExecutionSucceeded(output=output))

    def _end_with(self, **outcome: Any) -> None:
        """End, and stop all that still runs."""
        for call in [*self._runs.running.values(), *self._calls.values()]:
            if call.state not in (CallState.OVER, CallState.RECORDED):
                self._abandon(call)
        self._outcome = messages.ExecutionProgress(**outcome)
        self._is_closing = True
        for task in tuple(self._loop.tasks):
            task.cancel()
        self._loop.run_until_idle()

    def _astray(self) -> NonDeterminismError:
        place = _places.of_tasks(self._loop.tasks) or _places.of_function(self.workflow.function)
        return self._memory.astray(self._calls, place)

    # -- Records -----------------------------------------------------------------------------

    def _record(self, call: StepCall, status: pb.StepStatus.ValueType) -> messages.StepRecord:
        record = messages.StepRecord(
            id=call.id,
            type=call.type,
            status=status,
            position=call.position,
            attempt=call.attempt,
            start_time=_times.timestamp(call.start_us),
        )
        if call.step is not None:
            given = call.step.shape.arguments_shown(call.args, call.named)
            if len(given) <= INPUT_BYTES_SHOWN_MAX:
                record.input = given
        return record

    def _tell(self, record: messages.StepRecord, *, size: int = 0, is_urgent: bool = False) -> None:
        self.reports.add(record, now_us=self._host.clock_us(), size=size, is_urgent=is_urgent)

    # -- The loop's timers: what `asyncio.sleep` and `asyncio.timeout` take --------------------

    def time(self) -> float:
        """Return the time of the last answer, for the loop."""
        return self._time_us / _times.SECOND_US

    def set_timer(self, seconds: float, handle: asyncio.TimerHandle) -> None:
        """Let the engine keep a timer of the loop."""
        wait = messages.StepWait(time=messages.TimeWait(duration=_times.duration(seconds)))
        call = self._wait_call("timer", pb.STEP_TYPE_WAIT, lambda: wait)
        self._timers[handle] = call
        call.future.add_done_callback(lambda _: self._timer_over(handle))

    def clear_timer(self, handle: asyncio.TimerHandle) -> None:
        """Stop a timer that nobody waits for any more."""
        call = self._timers.pop(handle, None)
        if call is not None and not call.future.done():
            call.future.cancel()
            self._abandon(call)

    def _timer_over(self, handle: asyncio.TimerHandle) -> None:
        if self._timers.pop(handle, None) is not None:
            self._loop.fire(handle)
