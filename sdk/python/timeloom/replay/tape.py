"""The tape: where effects are kept while recording, and answered from while replaying.

Code that has an effect begins a call on the tape that is current. A call of a recording has no outcome yet:
the effect happens, and its outcome is kept. A call of a replay has one, and nothing happens.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from timeloom.replay.outcomes import Outcome
from timeloom.resources import Effect, EffectKind
from timeloom.state import canonical

PLACES_MAX: Final = 64
"""Of how many places the recorder counts equal calls; an effect seldom outlives its step."""

_IDEMPOTENCY_NAMESPACE: Final = uuid.UUID("0b0a6f0e-5c57-5f2b-8f0d-6d2f6d0c7f11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the outside world.

    Attributes:
        request: What is recorded, for people to read.
        identity: What must be equal for a recorded answer to fit; the request unless it is told apart.
    """

    kind: EffectKind
    name: str
    request: Any
    identity: Any

    @property
    def digest(self) -> str:
        """The hash by which a replay finds the answer."""
        document = canonical.encode_trusted([self.kind.value, self.name, self.identity])
        return hashlib.sha256(document).hexdigest()[:24]


class Call(Protocol):
    """One effect, from its question to its outcome."""

    @property
    def outcome(self) -> Outcome | None:
        """What was recorded; None if the effect is to happen now."""
        ...

    @property
    def idempotency_key(self) -> str:
        """The same whenever this effect is tried again from the same state, and different for any other."""
        ...

    def keep(self, outcome: Outcome) -> None:
        """Record what happened."""
        ...


class Tape(Protocol):
    """Where the effects of one execution are kept or answered from."""

    @property
    def answers(self) -> bool:
        """Whether effects are answered instead of happening."""
        ...

    @property
    def hooks(self) -> set[str]:
        """Which hooks record here; a tape that answers has them all."""
        ...

    def begin(self, question: Question) -> Call:
        """Begin an effect.

        Raises:
            ReplayDiverged: A replay was asked something that was not recorded here.
        """
        ...

    def note(self, question: Question, response: Any, *, key: str) -> None:
        """Note an effect that happened already."""
        ...


# -- Which tape is current --------------------------------------------------------

_current: ContextVar[Tape | None] = ContextVar("timeloom_tape", default=None)
_inside: ContextVar[Call | None] = ContextVar("timeloom_call", default=None)
_open: list[Tape] = []
_lock = threading.Lock()


def current() -> Tape | None:
    """Return the tape for an effect that is about to happen here; None if it just happens.

    What happens within an effect is part of it. A thread that was started without its starter's context
    belongs to the only open tape, if there is just one.
    """
    if _inside.get() is not None:
        return None
    tape = _current.get()
    if tape is not None:
        return tape
    with _lock:
        return _open[0] if len(_open) == 1 else None


def current_call() -> Call | None:
    """Return the effect that is happening here."""
    return _inside.get()


class Activation:
    """Makes a tape the current one of this context until it is ended."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._before = _current.get()
        _current.set(tape)
        with _lock:
            _open.append(tape)

    def end(self) -> None:
        """Go back to the tape before."""
        # A token could be given back in no other context than this one, which a framework may have left.
        _current.set(self._before)
        with _lock:
            if self._tape in _open:
                _open.remove(self._tape)


@contextmanager
def active(tape: Tape) -> Generator[None]:
    """Make a tape the current one for the block."""
    activation = Activation(tape)
    try:
        yield
    finally:
        activation.end()


@contextmanager
def happening(call: Call) -> Generator[None]:
    """Let an effect happen in the block: other effects within are part of it."""
    token = _inside.set(call)
    try:
        yield
    finally:
        _inside.reset(token)


# -- The tape of a recording ------------------------------------------------------


@dataclass(slots=True)
class _LiveCall:
    tape: RecordingTape
    question: Question
    key: str
    idempotency_key: str
    outcome: Outcome | None = None

    def keep(self, outcome: Outcome) -> None:
        self.tape.keep(self.question, self.key, outcome.response())


@dataclass(slots=True, eq=False)
class RecordingTape:
    """Keeps effects as they happen.

    Attributes:
        execution_id: Whose effects they are.
        place: Tells where the execution stands: the first part of the keys of effects.
        sink: Takes what happened.
        hooks: Which hooks record here.
        nonce: Tells the effects of this run from those of another that stood at the same place.
    """

    execution_id: str
    place: Callable[[], str]
    sink: Callable[[Effect], None]
    hooks: set[str] = field(default_factory=set[str])
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    answers: bool = False
    _counts: OrderedDict[str, Counter[str]] = field(default_factory=OrderedDict[str, Counter[str]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, question: Question) -> Call:
        """Begin an effect that is to happen now."""
        place, digest = self.place(), question.digest
        count = self._count(place, digest)
        name = f"{self.execution_id}/{place}/{digest}/{count}"
        return _LiveCall(
            self, question, self._key(place, digest, count), str(uuid.uuid5(_IDEMPOTENCY_NAMESPACE, name))
        )

    def note(self, question: Question, response: Any, *, key: str) -> None:
        """Keep an effect that happened already."""
        place, digest = self.place(), question.digest
        self.keep(question, key or self._key(place, digest, self._count(place, digest)), response)

    def keep(self, question: Question, key: str, response: Any) -> None:
        """Keep what happened."""
        self.sink(
            Effect(
                kind=question.kind,
                name=question.name,
                request=question.request,
                response=response,
                key=key,
                create_time=datetime.now(UTC),
            )
        )

    def _key(self, place: str, digest: str, count: int) -> str:
        return EffectKey(place=place, digest=digest, nonce=self.nonce, count=count).text()

    def _count(self, place: str, digest: str) -> int:
        with self._lock:
            counts = self._counts.setdefault(place, Counter())
            counts[digest] += 1
            while len(self._counts) > PLACES_MAX:
                self._counts.popitem(last=False)
            return counts[digest]


AT_SNAPSHOT: Final = "at"
"""The place of effects that stand with the snapshot that they began from; `-` and any text may follow."""

ANYWHERE: Final = "anywhere"
"""The place of effects that happened between steps: they are matched in their order, wherever they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectKey:
    """The key by which a replay finds an effect: where it began, what was asked, and how often before."""

    place: str
    digest: str
    nonce: str
    count: int

    def text(self) -> str:
        """Return the key as it is recorded."""
        return f"tl:{self.place}:{self.digest}:{self.nonce}:{self.count}"

    @classmethod
    def parse(cls, text: str) -> EffectKey | None:
        """Return what a key says; None if it is no key of a tape."""
        match text.split(":"):
            case ["tl", place, digest, nonce, count] if count.isdecimal():
                return cls(place=place, digest=digest, nonce=nonce, count=int(count))
            case _:
                return None


def question(kind: EffectKind, name: str, request: Any, *, identity: Any = None) -> Question:
    """Return a question whose request is JSON already."""
    return Question(
        kind=kind, name=name[:500], request=request, identity=request if identity is None else identity
    )
