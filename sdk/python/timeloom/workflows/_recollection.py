"""What an execution remembers of its steps: which it has had, and in which order they ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from timeloom.workflows import _places
from timeloom.workflows._reports import ENDED
from timeloom.workflows._step_call import StepCall
from timeloom.workflows.errors import NonDeterminismError
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb


class Recollection:
    """The steps that an execution has had, which its code asks for again.

    Args:
        steps: Their records, in the order in which they ended.
        next_position: The place of the next step that it has not had.
    """

    def __init__(self, steps: Sequence[messages.StepRecord], *, next_position: int) -> None:
        self._steps = {step.id: step for step in steps}
        self._answers = deque(step for step in steps if is_answer(step))
        self._ids: set[str] = set()
        self._repeats: dict[str, int] = {}
        self._position = max(next_position, 1)

    @property
    def has_answers(self) -> bool:
        """Whether there are answers that the code has not got."""
        return bool(self._answers)

    @property
    def is_whole(self) -> bool:
        """Whether the code has asked for all that there was."""
        return not self._steps

    @property
    def is_unasked(self) -> bool:
        """Whether there is a step that the code has not asked for; what marks newer code is none."""
        return any(step.type != pb.STEP_TYPE_PATCH for step in self._steps.values())

    def add_answer(self, record: messages.StepRecord) -> None:
        """Take an answer that comes after all others."""
        self._answers.append(record)

    def next_answer(self, calls: Mapping[str, StepCall]) -> tuple[StepCall, messages.StepRecord] | None:
        """Return the next answer with the call that waits for it, if the code has asked for it."""
        while self._answers:
            record = self._answers[0]
            call = calls.get(record.id)
            if call is None and record.id in self._steps:
                return None  # it has not asked yet
            self._answers.popleft()
            if call is not None:
                return call, record
        return None

    def numbered(self, name: str) -> str:
        """Return the id of the next step of a name."""
        number = self._repeats.get(name, 0) + 1
        step_id = name if number == 1 else f"{name}:{number}"
        while step_id in self._ids:
            number += 1
            step_id = f"{name}:{number}"
        self._repeats[name] = number
        return step_id

    def is_known(self, step_id: str) -> bool:
        """Whether the code has asked for a step of this id."""
        return step_id in self._ids

    def note(self, step_id: str) -> None:
        """Note that the code asks for a step."""
        self._ids.add(step_id)

    def next_position(self) -> int:
        """Return the place of a step that the execution has not had."""
        position, self._position = self._position, self._position + 1
        return position

    def take(self, step_id: str) -> messages.StepRecord | None:
        """Return a step that the code asks for, which is not remembered any more then."""
        return self._steps.pop(step_id, None)

    def recalled(self, call: StepCall) -> messages.StepRecord | None:
        """Return what the execution remembers of a step; a new one gets its position."""
        record = self.take(call.id)
        if record is None:
            call.position = self.next_position()
            return None
        call.position = record.position
        if record.type != call.type:
            raise NonDeterminismError(
                f"the execution remembers the step {call.id!r} as {_type_name(record.type)}, and the code "
                f"now asks for {_type_name(call.type)} of that name at {_places.of_caller()}: use patched() "
                "where code changes, or give the new step another name",
                step_id=call.id,
            )
        return record

    def astray(self, asked: Iterable[str], place: str) -> NonDeterminismError:
        """Return the error for code that does not ask for what the execution remembers.

        Args:
            asked: What it waits for instead.
            place: Where it does.
        """
        step = next(each for each in self._steps.values() if each.type != pb.STEP_TYPE_PATCH)
        steps = ", ".join(map(repr, asked)) or "no step"
        return NonDeterminismError(
            f"the execution remembers the step {step.id!r} ({_type_name(step.type)}), which the code no "
            f"longer asks for: it now waits for {steps} at {place}. Use patched() where code changes, or let "
            "executions that have begun end first",
            step_id=step.id,
        )


def is_answer(step: messages.StepRecord) -> bool:
    """Whether a record is something that the code gets; a step that the code itself cancelled is none."""
    return (
        step.status in ENDED and step.status != pb.STEP_STATUS_CANCELLED and step.type != pb.STEP_TYPE_PATCH
    )


def _type_name(step_type: pb.StepType.ValueType) -> str:
    return pb.StepType.Name(step_type).removeprefix("STEP_TYPE_")
