"""What an effect's response says: a value, an error or a stream, as JSON that people can read.

A value stands for itself. An object with one member named here is something else:

- `{"$error": {"type": "module:Class", "message": …, "arguments": […], "attributes": {…}}}`: it raised this
- `{"$stream": […], "error": …}`: it yielded these, one after the other, and then perhaps raised
- `{"$interrupt": […]}`: the framework stopped there to ask a person
- `{"$value": …}`: a value that would otherwise be taken for one of these
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from timeloom.state import canonical
from timeloom.state._kinds import kind_of

ERROR: Final = "$error"
STREAM: Final = "$stream"
INTERRUPT: Final = "$interrupt"
VALUE: Final = "$value"

_MARKS: Final = frozenset({ERROR, STREAM, INTERRUPT, VALUE})


@dataclass(frozen=True, slots=True)
class Value:
    """The effect answered this."""

    value: Any

    def response(self) -> Any:
        """Return what is recorded."""
        if kind_of(self.value) is dict and not _MARKS.isdisjoint(self.value):
            return {VALUE: self.value}
        return self.value


@dataclass(frozen=True, slots=True)
class Failure:
    """The effect raised this."""

    error: Any

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception: its class, its message, and as much of it as JSON can say."""
        kind = type(error)
        arguments = _plain(list(error.args))
        described: dict[str, Any] = {
            "type": f"{kind.__module__}:{kind.__qualname__}",
            "message": str(error),
            "arguments": [str(error)] if arguments is None else arguments,
        }
        attributes = {name: _plain(value) for name, value in vars(error).items() if not name.startswith("_")}
        attributes = {name: value for name, value in attributes.items() if value is not None}
        if attributes:
            described["attributes"] = attributes
        return cls(described)

    def response(self) -> Any:
        """Return what is recorded."""
        return {ERROR: self.error}

    def exception(self) -> Exception:
        """Return the exception again, or a `RecordedError` if its class is not there any more."""
        kind = _exception_class(self.error["type"])
        if kind is None:
            return RecordedError(self.error["type"], self.error["message"])
        # Not by its constructor, which may ask for what was not recorded.
        error = kind.__new__(kind, *self.error["arguments"])
        error.args = tuple(self.error["arguments"])
        for name, value in self.error.get("attributes", {}).items():
            setattr(error, name, value)
        return error


@dataclass(frozen=True, slots=True)
class Stream:
    """The effect yielded these, and then ended or raised."""

    items: Sequence[Any]
    error: Failure | None = None

    def response(self) -> Any:
        """Return what is recorded."""
        ending = {} if self.error is None else {"error": self.error.error}
        return {STREAM: list(self.items), **ending}


@dataclass(frozen=True, slots=True)
class Interruption:
    """The framework stopped within the effect, to ask a person about these values."""

    values: Sequence[Any]

    def response(self) -> Any:
        """Return what is recorded."""
        return {INTERRUPT: list(self.values)}


Outcome: TypeAlias = Value | Failure | Stream | Interruption


def read(response: Any) -> Outcome:
    """Return what a recorded response says."""
    if kind_of(response) is dict:
        members = cast("dict[str, Any]", response)
        if ERROR in members:
            return Failure(members[ERROR])
        if STREAM in members:
            return Stream(members[STREAM], Failure(members["error"]) if "error" in members else None)
        if INTERRUPT in members:
            return Interruption(members[INTERRUPT])
        if VALUE in members:
            return Value(members[VALUE])
    return Value(response)


class RecordedError(Exception):
    """An effect raised an exception of a class that this process does not know.

    Attributes:
        type: The class, as `module:Class`.
        message: What it said.
    """

    def __init__(self, type: str, message: str) -> None:  # noqa: A002 - what it is
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message


def _exception_class(name: str) -> type[Exception] | None:
    """Find a class among the modules that are loaded: a recording must not be able to import anything."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _plain(value: Any) -> Any:
    try:
        return canonical.normalize(value)
    except canonical.CanonicalError:
        return None
