"""Functions that become workflows, steps and tasks."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast, overload

from timeloom.workflows import _current, documents
from timeloom.workflows.documents import Reader
from timeloom.workflows.durations import Duration, optional_seconds_of
from timeloom.workflows.retries import Retry

P = ParamSpec("P")
R = TypeVar("R")

Function = Callable[..., Any]

NAME_LENGTH_MAX: Final = 256
"""A step's id, too, has its number and what it is within."""

RETRY_DEFAULT: Final = Retry()


class Durability(Enum):
    """How many steps of an execution may end before what they came to is committed: a crash runs them again.

    The values are the number of steps, and for how many seconds at most they wait.
    """

    STEP = (1, 0.0)
    GROUP = (3, 3.0)
    EXIT = (1_000, 60.0)

    @property
    def steps_max(self) -> int:
        """How many steps go into one commit at most."""
        return self.value[0]

    @property
    def seconds_max(self) -> float:
        """How long the first of them waits for the others."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a function takes and returns, read once from its signature."""

    is_async: bool
    parameters: tuple[str, ...]
    input_type: Any
    read_input: Reader
    read_output: Reader

    @staticmethod
    def of(function: Function) -> Shape:
        """Return the shape of a function."""
        parameters = tuple(inspect.signature(function).parameters)
        try:
            hints = typing.get_type_hints(function)
        except (NameError, TypeError, AttributeError):
            hints = {}  # annotations that only a type checker knows
        input_type = hints.get(parameters[0]) if parameters else None
        return Shape(
            is_async=inspect.iscoroutinefunction(function),
            parameters=parameters,
            input_type=input_type,
            read_input=documents.reader_of(input_type),
            read_output=documents.reader_of(hints.get("return")),
        )

    def arguments_shown(self, args: Sequence[Any], named: Mapping[str, Any]) -> bytes:
        """Return what a function is given as JSON, for people; nothing if it is given nothing."""
        if not args and not named:
            return b""
        names = self.parameters
        given = {names[i] if i < len(names) else f"{i}": each for i, each in enumerate(args)}
        return documents.shown({**given, **named})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[P, R]):
    """A function whose result an execution remembers: called again, it answers from memory.

    Called outside of a workflow it is the function itself, always to be awaited.

    Attributes:
        timeout_seconds: For one try.
        compensate: Undoes it when the workflow fails or is cancelled: called with what the step returned,
        and with
            what it was given.
    """

    name: str
    function: Function
    shape: Shape = field(repr=False)
    retry: Retry = RETRY_DEFAULT
    timeout_seconds: float | None = None
    compensate: Step[..., Any] | None = None

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it, or answer from memory."""
        execution = _current.execution()
        if execution is not None:
            return cast("R", await execution.run_step(self, args, kwargs))
        result = self.function(*args, **kwargs)
        return cast("R", await result if self.shape.is_async else result)

    def __await__(self) -> Generator[Any, None, R]:
        """Run it without arguments: `await step(function)`."""
        return cast("Step[[], R]", self)().__await__()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A function that steps of any workflow call by its name. It is given the step's input."""

    name: str
    function: Function
    shape: Shape = field(repr=False)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the function itself."""
        return self.function(*args, **named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow(Generic[P, R]):
    """A function whose executions go on wherever they stood, whatever stops between its steps.

    Called, it is the function itself.
    """

    id: str
    function: Function
    shape: Shape = field(repr=False)
    definition: Mapping[str, Any] = field(repr=False)
    durability: Durability = Durability.STEP

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Call the function itself."""
        return cast("Coroutine[Any, Any, R]", self.function(*args, **kwargs))


class _StepMaker:
    """Makes steps of functions: as a decorator, or on the spot."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Step[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Step[P, R]: ...
    @overload
    def __call__(self, function: Function, /, *args: Any, **kwargs: Any) -> Awaitable[Any]: ...
    @overload
    def __call__(
        self,
        /,
        *,
        name: str | None = None,
        retry: Retry | None = None,
        timeout: Duration | None = None,
        compensate: Function | None = None,
    ) -> _Decorator: ...
    def __call__(self, function: Function | None = None, /, *args: Any, **kwargs: Any) -> Any:
        """Make a step of a function, or a decorator that does; with arguments, also call it.

        Args:
            function: Asynchronous, or plain: those run in threads.
            args: What it is called with: `await step(charge, order)`.
            kwargs: The same by name. Without a function, the options of a step: `name`, under which
            executions
                remember it; `retry`, when it is tried again after an error (four tries if None); `timeout`,
                for one try; and `compensate`, which undoes what it did when the workflow fails or is
                cancelled: it is called with what the step returned, followed by what the step was given.
        """
        if function is None:
            return _Decorator(**kwargs)
        made = _made(function)
        return made(*args, **kwargs) if args or kwargs else made

    @overload
    async def run(
        self, name: str, function: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> R: ...
    @overload
    async def run(self, name: str, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def run(self, name: str, function: Function, /, *args: Any, **kwargs: Any) -> Any:
        """Run a function as a step of this name: `await step.run("charge", charge, order)`."""
        return await replace(_made(function), name=checked_name(name))(*args, **kwargs)


class _Decorator:
    """Makes a step of a function."""

    def __init__(
        self,
        *,
        name: str | None = None,
        retry: Retry | None = None,
        timeout: Duration | None = None,
        compensate: Function | None = None,
    ) -> None:
        self._name = name
        self._retry = retry or RETRY_DEFAULT
        self._timeout_seconds = optional_seconds_of(timeout)
        self._compensate = compensate

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Step[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R]) -> Step[P, R]: ...
    def __call__(self, function: Function) -> Any:
        undo = self._compensate
        made: Step[..., Any] = Step(
            name=checked_name(self._name or _name_of(function)),
            function=function,
            shape=Shape.of(function),
            retry=self._retry,
            timeout_seconds=self._timeout_seconds,
            compensate=None if undo is None else _made(undo),
        )
        return made


step: Final = _StepMaker()
"""`@step`, `@step(retry=Retry(max_attempts=5))`, or `await step.run("name", function, …)`."""


def _made(function: Function) -> Step[..., Any]:
    """Return a function as a step; a step as it is."""
    if isinstance(function, Step):
        return cast("Step[..., Any]", function)
    made: Step[..., Any] = _Decorator()(function)
    return made


def checked_name(name: str) -> str:
    """Return a name that a step or task may have.

    Raises:
        ValueError: It is empty or too long, or has a character that no name has.
    """
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise ValueError(f"{name[:80]!r} is no name of 1 to {NAME_LENGTH_MAX} printable characters")
    return name


def _name_of(function: Function) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "step" if name == "<lambda>" else str(name)
