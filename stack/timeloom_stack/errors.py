"""What keeps the stack from running, in words for the person at the terminal."""

from collections.abc import Sequence


class StackError(Exception):
    """The stack cannot do what was asked; `remedies` are what the person may try."""

    def __init__(self, message: str, *, remedies: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.remedies = tuple(remedies)


class AlreadyRunningError(StackError):
    """Another supervisor holds the data directory."""


class PortTakenError(StackError):
    """Somebody else listens on a port that the stack wants to offer."""


class DataDirectoryError(StackError):
    """The data directory cannot be used: its permissions, its owner, or a newer Timeloom that made it."""


class StartFailedError(StackError):
    """A process ended again and again before it was ready for the first time."""
