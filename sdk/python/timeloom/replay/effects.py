"""`@effect`: functions that ask the outside world, recorded while recording and answered while replaying."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Final, ParamSpec, TypeVar, cast, get_args, get_origin, get_type_hints, overload

import msgspec

from timeloom.replay import performing, tape
from timeloom.replay.performing import PlainCodec
from timeloom.resources import EffectKind
from timeloom.state import canonical

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

_STREAM_TYPES: Final = (
    "AsyncIterator",
    "AsyncGenerator",
    "AsyncIterable",
    "Iterator",
    "Generator",
    "Iterable",
)


@overload
def effect(function: Callable[P, ResultT], /) -> Callable[P, ResultT]: ...
@overload
def effect(
    *, kind: EffectKind = EffectKind.CUSTOM, name: str = "", ignore: Iterable[str] = ()
) -> Callable[[Callable[P, ResultT]], Callable[P, ResultT]]: ...
def effect(
    function: Callable[P, ResultT] | None = None,
    /,
    *,
    kind: EffectKind = EffectKind.CUSTOM,
    name: str = "",
    ignore: Iterable[str] = (),
) -> Callable[P, ResultT] | Callable[[Callable[P, ResultT]], Callable[P, ResultT]]:
    """Record what a function returns, yields or raises; while replaying, give it back instead of calling.

    Functions, coroutine functions, generators and asynchronous generators alike. Outside of a recording and a
    replay the function is called as it is. Arguments and results are JSON, or what msgspec or pydantic make
    JSON of: dataclasses, structs, models, dates, bytes, sets. The annotation of the result tells what to make
    of it again; without one, or with `Any`, it stays JSON, also while recording, so that code sees the same
    both times.

        @effect(kind=EffectKind.TOOL)
        def search(query: str) -> list[str]: ...

    Args:
        function: The function, if the decorator stands without parentheses.
        kind: Which part of the outside world it asks.
        name: What it asks there; the function's own name if empty.
        ignore: Arguments that are not part of the question, such as a client or a logger. `self` never is.
    """

    def decorate(function: Callable[P, ResultT]) -> Callable[P, ResultT]:
        question = _Questions(function, kind, name or function.__qualname__, frozenset(ignore))
        return cast("Callable[P, ResultT]", _wrapped(function, question))

    return decorate if function is None else decorate(function)


class _Questions:
    """Makes questions of the calls of one function."""

    def __init__(
        self, function: Callable[..., Any], kind: EffectKind, name: str, ignore: frozenset[str]
    ) -> None:
        self._signature = inspect.signature(function)
        self._kind = kind
        self._name = name
        self._ignore = ignore | {"self", "cls"}
        self._function = function

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tape.Question:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        request: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if name in self._ignore:
                continue
            try:
                request[name] = as_json(value)
            except (TypeError, canonical.CanonicalError) as error:
                raise TypeError(
                    f"The argument {name!r} of {self._name} cannot be recorded: {error}. "
                    f"If it is not part of the question, name it in @effect(ignore=…)"
                ) from error
        return tape.question(self._kind, self._name, request)

    @functools.cached_property
    def codec(self) -> AnnotatedCodec:
        """Turns what the function returns or yields into JSON and back."""
        try:
            annotation = get_type_hints(self._function).get("return", Any)
        except (NameError, TypeError):
            annotation = Any  # it names what only type checkers see
        if inspect.isgeneratorfunction(self._function) or inspect.isasyncgenfunction(self._function):
            named = getattr(get_origin(annotation), "__name__", "")
            annotation = get_args(annotation)[0] if named in _STREAM_TYPES and get_args(annotation) else Any
        return AnnotatedCodec(annotation, of=self._name)


def _wrapped(function: Callable[..., Any], questions: _Questions) -> Callable[..., Any]:
    """Return the function in the form that it has, on the tape."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def yield_later(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            on = tape.current()
            source = functools.partial(function, *args, **kwargs)
            found = (
                source()
                if on is None
                else performing.awaited_stream(on, questions(args, kwargs), source, questions.codec)
            )
            async for item in found:
                yield item

        return yield_later
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def yield_now(*args: Any, **kwargs: Any) -> Iterator[Any]:
            on = tape.current()
            source = functools.partial(function, *args, **kwargs)
            if on is None:
                yield from source()
            else:
                yield from performing.stream(on, questions(args, kwargs), source, questions.codec)

        return yield_now
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_later(*args: Any, **kwargs: Any) -> Any:
            on = tape.current()
            if on is None:
                return await function(*args, **kwargs)
            action = functools.partial(function, *args, **kwargs)
            return await performing.awaited(on, questions(args, kwargs), action, questions.codec)

        return call_later

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        on = tape.current()
        if on is None:
            return function(*args, **kwargs)
        action = functools.partial(function, *args, **kwargs)
        return performing.result(on, questions(args, kwargs), action, questions.codec)

    return call


class AnnotatedCodec(PlainCodec):
    """Turns values into JSON, and back into what an annotation says."""

    def __init__(self, annotation: Any, *, of: str) -> None:
        self._annotation = Any if annotation is None else annotation
        self._of = of

    def encode(self, result: Any) -> Any:
        """Return a result as JSON.

        Raises:
            TypeError: JSON cannot say it.
        """
        try:
            return as_json(result)
        except (TypeError, canonical.CanonicalError) as error:
            raise TypeError(f"What {self._of} returned cannot be recorded: {error}") from error

    def decode(self, value: Any) -> Any:
        """Return what the annotation makes of a value."""
        validate = getattr(self._annotation, "model_validate", None)
        if validate is not None:
            return validate(value)
        if self._annotation is Any:
            return value
        try:
            return msgspec.convert(value, type=self._annotation)
        except (msgspec.ValidationError, TypeError) as error:
            raise TypeError(
                f"{self._of} cannot be replayed: what was recorded is no {self._annotation}: {error}"
            ) from error


def as_json(value: Any) -> Any:
    """Return a value as JSON, copied: also dataclasses, structs, pydantic models, dates, bytes and sets.

    Raises:
        TypeError: It is none of these.
        CanonicalError: It has no canonical form.
    """
    return canonical.normalize(msgspec.to_builtins(value, enc_hook=_as_builtin, str_keys=True))


def _as_builtin(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        return dump(mode="json")
    raise TypeError(f"{type(value).__qualname__} is not JSON")
