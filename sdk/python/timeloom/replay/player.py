"""Replaying a recording: answers effects from it, and compares steps with it."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from timeloom import _convert as convert
from timeloom.recording.lane import Committed
from timeloom.replay.divergence import (
    Divergence,
    DivergenceKind,
    ReplayDiverged,
    ReplayResult,
    ReplayStatus,
    difference,
)
from timeloom.replay.outcomes import Outcome, read
from timeloom.replay.recording import RecordedStep, Recording
from timeloom.replay.tape import ANYWHERE, AT_SNAPSHOT, Call, EffectKey, Question
from timeloom.resources import (
    Effect,
    EffectKind,
    Execution,
    ExecutionFailure,
    ExecutionStatus,
    Snapshot,
    SnapshotKind,
)
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.state import canonical
from timeloom.state.changes import ABSENT
from timeloom.state.statehash import StateHash

BETWEEN: Final = -1
"""The place of effects that happened between steps."""


@dataclass(slots=True)
class _Answer:
    """A recorded effect, to be given once."""

    effect: Effect
    key: EffectKey
    taken: bool = False


@dataclass(slots=True)
class _RecordedCall:
    answer: _Answer
    outcome: Outcome | None
    idempotency_key: str = ""

    def keep(self, outcome: Outcome) -> None:  # noqa: ARG002 - the protocol's
        raise AssertionError("a recorded effect does not happen")


@dataclass(slots=True)
class _Place:
    """The effects that began from one snapshot: by question, and in the order of the recording."""

    answers: list[_Answer] = field(default_factory=list[_Answer])
    waiting: dict[str, deque[_Answer]] = field(default_factory=lambda: defaultdict(deque))

    def finish(self) -> None:
        """Put equal questions in the order in which they were asked, run after run."""
        runs: dict[str, int] = {}
        for answer in self.answers:
            runs.setdefault(answer.key.nonce, len(runs))
        for answer in sorted(self.answers, key=lambda each: (runs[each.key.nonce], each.key.count)):
            self.waiting[answer.key.digest].append(answer)

    def left(self) -> Iterator[_Answer]:
        """Yield the effects that were not asked for, in the order of the recording."""
        return (answer for answer in self.answers if not answer.taken)


class Player:
    """One replay of a recording: the tape that answers, and the judge of every step.

    The first mismatch ends it: from then on every effect and every step raises the same `ReplayDiverged`, so
    that no handler of errors in the replayed code can talk it away. Threads may share it.

    Attributes:
        recording: What is replayed.
        locate: Tells from which recorded snapshot an effect begins that is asked for here; `BETWEEN` if it
            happens between steps.
    """

    answers = True

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.hooks: set[str] = set()
        self.locate: Callable[[], int] = lambda: self.stands_on
        self.finished = False
        self._lock = threading.RLock()
        self._step = 0
        self._answered = 0
        self._divergence: Divergence | None = None
        self._places = _places(recording.steps)

    # -- How it stands --------------------------------------------------------------

    @property
    def result(self) -> ReplayResult:
        """How it went so far."""
        status = ReplayStatus.IDENTICAL if self.finished else ReplayStatus.RUNNING
        return ReplayResult(
            execution_id=self.recording.execution.id,
            status=status if self._divergence is None else ReplayStatus.DIVERGED,
            steps=self._step,
            effects=self._answered,
            divergence=self._divergence,
        )

    @property
    def stands_on(self) -> int:
        """The recorded snapshot that the code has come to; zero before the first."""
        return self.recording.steps[self._step - 1].snapshot.sequence if self._step else 0

    def sequence_of(self, step: int) -> int:
        """Return the recorded snapshot of a step, counted from 1 on; zero if there is none."""
        steps = self.recording.steps
        return steps[step - 1].snapshot.sequence if 0 < step <= len(steps) else 0

    # -- Effects --------------------------------------------------------------------

    def begin(self, question: Question) -> Call:
        """Find the answer to a question of the code.

        Raises:
            ReplayDiverged: It was not recorded where the code stands.
        """
        place = self.locate()
        with self._lock:
            self._refuse_to_go_on()
            waiting = self._place(place).waiting.get(question.digest)
            if not waiting:
                self._diverge_at_effect(place, question)
            answer = waiting.popleft()
            answer.taken = True
            self._answered += 1
            return _RecordedCall(answer, read(answer.effect.response))

    def note(self, question: Question, response: Any, *, key: str) -> None:
        """Compare what the code notes with what it noted when it was recorded."""
        if key:
            return  # it is the caller's own, and no part of what is matched
        call = self.begin(question)
        assert isinstance(call, _RecordedCall)
        expected = call.answer.effect.response
        if canonical.encode(expected) != canonical.encode(response):
            name = question.name or question.kind.lower()
            self._diverge(
                DivergenceKind.EFFECT, f"{name} answered something else.", expected=expected, actual=response
            )

    def _place(self, sequence: int) -> _Place:
        return self._places.setdefault(sequence, _Place())

    def _diverge_at_effect(self, place: int, question: Question) -> NoReturn:
        left = list(self._place(place).left())
        asked = f"{question.kind.lower()} {question.name}".rstrip()
        alike = [
            answer
            for answer in left
            if (answer.effect.kind, answer.effect.name) == (question.kind, question.name)
        ]
        if alike:
            self._diverge(
                DivergenceKind.EFFECT,
                f"The code asked {asked} something else.",
                expected=alike[0].effect.request,
                actual=question.request,
            )
        elif left:
            effect = left[0].effect
            self._diverge(
                DivergenceKind.EFFECT,
                f"The code asked {asked}, which was not recorded here.",
                expected=_described(effect.kind, effect.name, effect.request),
                actual=_described(question.kind, question.name, question.request),
            )
        self._diverge(
            DivergenceKind.EFFECT,
            f"The code asked {asked}; the recording has no more effects in this step.",
            expected=ABSENT,
            actual=_described(question.kind, question.name, question.request),
        )

    # -- Steps ----------------------------------------------------------------------

    def check_start(self, given: Any) -> None:
        """Compare what the code was given with what was recorded."""
        with self._lock:
            self._refuse_to_go_on()
            expected = self.recording.execution.input
            if canonical.encode(expected) != canonical.encode(given):
                self._diverge(
                    DivergenceKind.INPUT,
                    "The agent was given something else.",
                    expected=expected,
                    actual=given,
                )

    def check_step(
        self,
        name: str | None,
        kind: str | None,
        state: Any,
        *,
        complete: bool = True,
        same: Callable[[Any, Any], bool] | None = None,
    ) -> Committed:
        """Compare a step of the code with the next recorded one.

        Args:
            name: The step's name; None if it does not count.
            kind: What it marks; None if it does not count.
            state: The state after it, as JSON.
            complete: Whether all its effects must have been asked for by now.
            same: Tells of a recorded state and another one whether they differ in nothing that counts.

        Raises:
            ReplayDiverged: It is another one.
        """
        with self._lock:
            self._refuse_to_go_on()
            if self._step == len(self.recording.steps):
                self._diverge(
                    DivergenceKind.STEP,
                    f"The code made a step {name!r}; the recording ends before.",
                    expected=ABSENT,
                    actual=state,
                )
            snapshot = self.recording.steps[self._step].snapshot
            expected = {"name": snapshot.step_name, "kind": snapshot.kind.value}
            actual = {"name": name or snapshot.step_name, "kind": kind or snapshot.kind.value}
            if name is not None and expected != actual:
                self._diverge(
                    DivergenceKind.STEP, "The code made another step.", expected=expected, actual=actual
                )
            state_hash = StateHash.of(state).digest.hex()
            if state_hash != snapshot.state_hash:
                recorded = self._recorded_state()
                if same is None or not same(recorded, state):
                    self._diverge(
                        DivergenceKind.STATE,
                        "The state after the step is another one.",
                        expected=recorded,
                        actual=state,
                    )
            if complete:
                self._refuse_left(self.stands_on)
            self._step += 1
            return Committed(sequence=snapshot.sequence, state_hash=state_hash)

    def check_end(
        self,
        *,
        status: ExecutionStatus | None = None,
        output: Any = None,
        error: ExecutionFailure | None = None,
    ) -> None:
        """Compare the end of the code with the recorded one.

        Raises:
            ReplayDiverged: It ended otherwise, or too early.
        """
        with self._lock:
            self._refuse_to_go_on()
            if self._step < len(self.recording.steps):
                snapshot = self.recording.steps[self._step].snapshot
                self._diverge(
                    DivergenceKind.ENDING,
                    "The code ended; the recording goes on.",
                    expected={"step": snapshot.step_name, "snapshot": snapshot.sequence},
                    actual=ABSENT if error is None else {"error": _failure(error)},
                )
            for sequence in list(self._places):
                self._refuse_left(sequence)
            self._check_ending(status, output, error)
            self.finished = True

    def _check_ending(
        self, status: ExecutionStatus | None, output: Any, error: ExecutionFailure | None
    ) -> None:
        recorded = self.recording.execution
        if recorded.status is ExecutionStatus.RUNNING:
            return  # nobody knows yet how it ends
        expected: dict[str, Any] = {}
        actual: dict[str, Any] = {}
        if status is not None:
            expected["status"], actual["status"] = recorded.status.value, status.value
            expected["error"] = None if recorded.error is None else _failure(recorded.error)
            actual["error"] = None if error is None else _failure(error)
        if output is not None:
            expected["output"], actual["output"] = recorded.output, output
        if canonical.encode(expected) != canonical.encode(actual):
            self._diverge(
                DivergenceKind.ENDING, "The agent ended otherwise.", expected=expected, actual=actual
            )

    def _refuse_left(self, place: int) -> None:
        left = next(self._place(place).left(), None)
        if left is not None:
            effect = left.effect
            self._diverge(
                DivergenceKind.EFFECT,
                "The code did not ask for an effect that was recorded here.",
                expected=_described(effect.kind, effect.name, effect.request),
                actual=ABSENT,
            )

    def _recorded_state(self) -> Any:
        for number, (_, state) in enumerate(self.recording.states()):
            if number == self._step:
                return state
        return ABSENT

    # -- Divergence -----------------------------------------------------------------

    def fail(self, kind: DivergenceKind, summary: str, *, expected: Any, actual: Any) -> ReplayDiverged:
        """Note a divergence that is raised by others."""
        with self._lock:
            if self._divergence is None:
                found, truncated = _difference(expected, actual)
                steps = self.recording.steps
                snapshot = steps[self._step].snapshot if self._step < len(steps) else None
                self._divergence = Divergence(
                    execution_id=self.recording.execution.id,
                    kind=kind,
                    step=self._step + 1,
                    sequence=0 if snapshot is None else snapshot.sequence,
                    step_name="" if snapshot is None else snapshot.step_name,
                    summary=summary,
                    expected=expected,
                    actual=actual,
                    changes=found,
                    truncated=truncated,
                )
            return ReplayDiverged(self._divergence)

    def _diverge(self, kind: DivergenceKind, summary: str, *, expected: Any, actual: Any) -> NoReturn:
        raise self.fail(kind, summary, expected=expected, actual=actual)

    def _refuse_to_go_on(self) -> None:
        if self._divergence is not None:
            raise ReplayDiverged(self._divergence)


class ReplayJournal:
    """Compares the steps of code that is replayed with a recording."""

    def __init__(self, player: Player, *, default: convert.Default | None = None) -> None:
        self._player = player
        self._default = default

    @property
    def stands_on(self) -> int:
        """The recorded snapshot that the code has come to."""
        return self._player.stands_on

    async def room(self) -> None:
        """Go on: there is always room."""

    def submit(self, request: pb.RecordSnapshotRequest, state: Any) -> asyncio.Future[Committed]:
        """Compare a step, and answer like the server."""
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        kind = convert.enum_member(SnapshotKind, request.kind).value
        normalized = canonical.normalize(state, default=self._default)
        future.set_result(self._player.check_step(request.step_name, kind, normalized))
        return future

    async def complete(
        self, *, status: ExecutionStatus, output: Any, error: ExecutionFailure | None
    ) -> Execution:
        """Compare the end."""
        self._player.check_end(status=status, output=output, error=error)
        return self._player.recording.execution


def _places(steps: Sequence[RecordedStep]) -> dict[int, _Place]:
    places = {BETWEEN: _Place(), 0: _Place(), **{step.snapshot.sequence: _Place() for step in steps}}
    for step in steps:
        snapshot = step.snapshot
        for effect in snapshot.effects:
            key = EffectKey.parse(effect.key)
            if key is None:
                continue  # noted by somebody else, such as a checkpointer
            places[_place_of(key, snapshot, places)].answers.append(_Answer(effect, key))
    for each in places.values():
        each.finish()
    return places


def _place_of(key: EffectKey, snapshot: Snapshot, places: Container[int]) -> int:
    if key.place == ANYWHERE:
        return BETWEEN
    if key.place.startswith(AT_SNAPSHOT):
        return snapshot.sequence
    # One that took longer than its step began before it.
    began = int(key.place) if key.place.isdecimal() else snapshot.parent_sequence
    return began if began < snapshot.parent_sequence and began in places else snapshot.parent_sequence


def _described(kind: EffectKind, name: str, request: Any) -> dict[str, Any]:
    return {"kind": kind.value, "name": name, "request": request}


def _failure(failure: ExecutionFailure) -> dict[str, str]:
    return {"type": failure.type, "message": failure.message}


def _difference(expected: Any, actual: Any) -> tuple[Any, bool]:
    if expected is ABSENT or actual is ABSENT:
        return (), False
    return difference(expected, actual)
