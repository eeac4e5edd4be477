"""Functions whose calls are spans."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeVar, cast, get_args

from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode

from timeloom.observing import _contents as contents

SpanKind = Literal[
    "agent",
    "workflow",
    "chain",
    "llm",
    "embedding",
    "tool",
    "retriever",
    "reranker",
    "guardrail",
    "evaluator",
    "prompt",
    "memory",
    "plan",
]
"""Which part of an agent's work a function is."""

KINDS: Final[frozenset[str]] = frozenset(get_args(SpanKind))
YIELDED_MAX: Final = contents.ITEMS_MAX
"""Of what a generator yields, so many are told."""

TRACER: Final = "timeloom.observe"

_NAMES: Final = {"agent": "gen_ai.agent.name", "tool": "gen_ai.tool.name", "workflow": "gen_ai.workflow.name"}

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def observed(
    function: FunctionT, *, name: str = "", kind: SpanKind = "chain", capture: bool = True
) -> FunctionT:
    """Return the function as one whose calls are spans.

    Raises:
        TypeError: It is no function, or there is no such kind.
    """
    # A class method or static method is wrapped already.
    if hasattr(function, "__func__") and not inspect.ismethod(function):
        raise TypeError(f"Write @observe below @{type(function).__name__}: it decorates functions")
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"@observe decorates functions, not {function!r}")
    if kind not in KINDS:
        raise TypeError(f"{kind!r} is no kind of span; there are {', '.join(sorted(KINDS))}")
    calls = Calls(function, name=name or _name_of(function), kind=kind, capture=capture)
    if inspect.isasyncgenfunction(function):
        return cast("FunctionT", _asynchronous_generator(function, calls))
    if inspect.isgeneratorfunction(function):
        return cast("FunctionT", _generator(function, calls))
    if inspect.iscoroutinefunction(function):
        return cast("FunctionT", _coroutine(function, calls))
    return cast("FunctionT", _function(function, calls))


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


class Calls:
    """Makes the spans of a function's calls."""

    def __init__(self, function: Callable[..., Any], *, name: str, kind: SpanKind, capture: bool) -> None:
        self._signature = inspect.signature(function)
        self._name = name
        self._capture = capture
        self._attributes = {"openinference.span.kind": kind.upper()}
        if kind in _NAMES:
            self._attributes[_NAMES[kind]] = name

    def began(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
        """Begin the span of a call."""
        span = trace.get_tracer(TRACER).start_span(self._name, attributes=self._attributes)
        if self._capture and span.is_recording():
            _tell(span, "input", contents.arguments_of(self._signature, args, kwargs))
        return span

    def returned(self, span: Span, result: Any) -> None:
        """Say what came of it."""
        if self._capture and result is not None and span.is_recording():
            _tell(span, "output", result)


def _tell(span: Span, direction: str, value: Any) -> None:
    text, media_type = contents.text_of(value)
    span.set_attributes({f"{direction}.value": text, f"{direction}.mime_type": media_type})


@contextmanager
def _running(span: Span) -> Generator[None]:
    """Make it the current span for the block; an exception is told of it and goes on its way."""
    with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except (GeneratorExit, StopIteration, StopAsyncIteration):
            raise
        except BaseException as error:
            span.record_exception(error)
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(Status(StatusCode.ERROR, str(error)))
            raise


def _function(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        span = calls.began(args, kwargs)
        try:
            with _running(span):
                result = function(*args, **kwargs)
            calls.returned(span, result)
            return result
        finally:
            span.end()

    return call


def _coroutine(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        span = calls.began(args, kwargs)
        try:
            with _running(span):
                result = await function(*args, **kwargs)
            calls.returned(span, result)
            return result
        finally:
            span.end()

    return call


class _Yielded:
    """The beginning of what a generator yields."""

    def __init__(self) -> None:
        self._items: list[Any] = []

    def add(self, item: Any) -> None:
        if len(self._items) < YIELDED_MAX:
            self._items.append(item)

    def value(self) -> Any:
        """Return it: the pieces of one text as the text."""
        if self._items and all(isinstance(item, str) for item in self._items):
            return "".join(self._items)
        return self._items or None


def _generator(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    # The span is the current one only while the generator's own code runs: between two items it is the
    # caller's code that runs.
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        span, yielded = calls.began(args, kwargs), _Yielded()
        try:
            generator: Generator[Any, Any, Any] = function(*args, **kwargs)
            advance: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with _running(span):
                        item = advance()
                except StopIteration as end:
                    return end.value
                yielded.add(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    with _running(span):
                        generator.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - it is the generator's
                    advance = functools.partial(generator.throw, error)
                else:
                    advance = functools.partial(generator.send, sent)
        finally:
            calls.returned(span, yielded.value())
            span.end()

    return call


def _asynchronous_generator(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        span, yielded = calls.began(args, kwargs), _Yielded()
        try:
            generator: AsyncGenerator[Any, Any] = function(*args, **kwargs)
            advance: Callable[[], Any] = functools.partial(anext, generator)
            while True:
                try:
                    with _running(span):
                        item = await advance()
                except StopAsyncIteration:
                    return
                yielded.add(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    with _running(span):
                        await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - it is the generator's
                    advance = functools.partial(generator.athrow, error)
                else:
                    advance = functools.partial(generator.asend, sent)
        finally:
            calls.returned(span, yielded.value())
            span.end()

    return call
