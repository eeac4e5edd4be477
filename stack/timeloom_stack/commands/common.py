"""What the commands share: reading the settings, and refusing in words."""

from collections.abc import Generator
from contextlib import contextmanager

import click

from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.settings import SettingsError, load
from timeloom_stack.errors import StackError
from timeloom_stack.settings import StackSettings


class StackFailure(click.ClickException):
    """What `timeloom` prints when it ends with exit code 1: the cause, and what the person may try."""

    def __init__(self, message: str, remedies: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self._remedies = remedies

    def format_message(self) -> str:
        """The cause, and a line for each remedy."""
        return "\n".join([self.message, *(f"  - {remedy}" for remedy in self._remedies)])


@contextmanager
def explaining() -> Generator[None]:
    """Turns what is foreseen to go wrong into sentences instead of a traceback."""
    try:
        yield
    except StackError as error:
        raise StackFailure(str(error), error.remedies) from error
    except SettingsError as error:
        raise StackFailure("the settings cannot be used", error.problems) from error
    except EmbeddedError as error:
        raise StackFailure(str(error)) from error


def read_settings() -> StackSettings:
    """The stack's settings from the environment."""
    with explaining():
        return load(StackSettings)
