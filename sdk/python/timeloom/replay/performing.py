"""Letting an effect happen and keeping its outcome, or giving back the one that was recorded.

One function for each way in which code waits for an answer: a result, an awaitable, a stream of either kind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from timeloom.replay import tape
from timeloom.replay.outcomes import Failure, Interruption, Outcome, Stream, Value

ResultT = TypeVar("ResultT")


class Codec(Protocol, Generic[ResultT]):
    """Turns results into JSON and back."""

    def encode(self, result: ResultT) -> Any:
        """Return a result as JSON."""
        ...

    def decode(self, value: Any) -> ResultT:
        """Return a result again."""
        ...

    def failed(self, error: BaseException) -> Outcome | None:
        """Return how an exception is recorded; None if it is no outcome, and passes by unrecorded."""
        ...

    def interrupted(self, outcome: Interruption) -> ResultT:
        """Stop as the framework did there."""
        ...


class PlainCodec:
    """Leaves JSON as it is, and records exceptions."""

    def encode(self, result: Any) -> Any:
        """Return the result."""
        return result

    def decode(self, value: Any) -> Any:
        """Return the value."""
        return value

    def failed(self, error: BaseException) -> Outcome | None:
        """Record exceptions, but not what ends a program or a task."""
        return Failure.of(error) if isinstance(error, Exception) else None

    def interrupted(self, outcome: Interruption) -> Any:
        """Refuse: nothing here interrupts."""
        raise TypeError(f"The recording has an interrupt of a framework here: {outcome.values}")


def result(
    on: tape.Tape, question: tape.Question, action: Callable[[], ResultT], codec: Codec[ResultT]
) -> ResultT:
    """Return what an action returns, now or when it was recorded."""
    call = on.begin(question)
    if call.outcome is not None:
        return _recalled(call.outcome, codec)
    try:
        with tape.happening(call):
            found = action()
    except BaseException as error:
        _keep_error(call, codec, error)
        raise
    return _kept(call, codec, found)


async def awaited(
    on: tape.Tape, question: tape.Question, action: Callable[[], Awaitable[ResultT]], codec: Codec[ResultT]
) -> ResultT:
    """Return what an awaitable returns, now or when it was recorded."""
    call = on.begin(question)
    if call.outcome is not None:
        return _recalled(call.outcome, codec)
    try:
        with tape.happening(call):
            found = await action()
    except BaseException as error:
        _keep_error(call, codec, error)
        raise
    return _kept(call, codec, found)


def stream(
    on: tape.Tape, question: tape.Question, action: Callable[[], Iterator[ResultT]], codec: Codec[ResultT]
) -> Iterator[ResultT]:
    """Yield what an iterator yields, now or when it was recorded."""
    call = on.begin(question)
    if call.outcome is not None:
        yield from _recalled_stream(call.outcome, codec)
        return
    kept: list[Any] = []
    failure: Failure | None = None
    source = None
    try:
        with tape.happening(call):
            source = iter(action())
        while True:
            # Not around the yield: the consumer's own effects are not part of this one.
            with tape.happening(call):
                item = next(source, _END)
            if item is _END:
                break
            kept.append(codec.encode(item))
            yield codec.decode(kept[-1])
    except Exception as error:
        failure = Failure.of(error)
        raise
    finally:
        call.keep(Stream(kept, failure))
        close = getattr(source, "close", None)
        if close is not None:
            close()


async def awaited_stream(
    on: tape.Tape,
    question: tape.Question,
    action: Callable[[], AsyncIterator[ResultT]],
    codec: Codec[ResultT],
) -> AsyncIterator[ResultT]:
    """Yield what an asynchronous iterator yields, now or when it was recorded."""
    call = on.begin(question)
    if call.outcome is not None:
        for item in _recalled_stream(call.outcome, codec):
            yield item
        return
    kept: list[Any] = []
    failure: Failure | None = None
    source = None
    try:
        with tape.happening(call):
            source = aiter(action())
        while True:
            with tape.happening(call):
                item = await anext(source, _END)
            if item is _END:
                break
            kept.append(codec.encode(item))
            yield codec.decode(kept[-1])
    except Exception as error:
        failure = Failure.of(error)
        raise
    finally:
        call.keep(Stream(kept, failure))
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


_END: Any = object()


def _kept(call: tape.Call, codec: Codec[ResultT], found: ResultT) -> ResultT:
    value = codec.encode(found)
    call.keep(Value(value))
    # Code must see the same while it is recorded as when it is replayed.
    return codec.decode(value)


def _keep_error(call: tape.Call, codec: Codec[ResultT], error: BaseException) -> None:
    outcome = codec.failed(error)
    if outcome is not None:
        call.keep(outcome)


def _recalled(outcome: Outcome, codec: Codec[ResultT]) -> ResultT:
    match outcome:
        case Value():
            return codec.decode(outcome.value)
        case Failure():
            raise outcome.exception()
        case Interruption():
            return codec.interrupted(outcome)
        case Stream():
            raise TypeError("The recording has a stream here, and the code asks for one answer")


def _recalled_stream(outcome: Outcome, codec: Codec[ResultT]) -> Iterator[ResultT]:
    if not isinstance(outcome, Stream):
        yield _recalled(outcome, codec)
        return
    for item in outcome.items:
        yield codec.decode(item)
    if outcome.error is not None:
        raise outcome.error.exception()
