"""The supervisor without a terminal: what `timeloom up --detach` starts."""

import asyncio
import os
import sys
from pathlib import Path

from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.settings import SettingsError, load
from timeloom_stack.console import Console
from timeloom_stack.errors import StackError
from timeloom_stack.settings import StackSettings
from timeloom_stack.stack import run_stack
from timeloom_stack.state import StackRecord


async def _stay_silent(_record: StackRecord) -> None:
    """The one who started us reads the state file, and greets."""


def main() -> int:
    """Runs the stack until a signal stops it; the exit code is 1 if it could not start."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        try:
            settings = load(StackSettings)
            asyncio.run(
                run_stack(settings, environ=os.environ, console=Console(nowhere), on_ready=_stay_silent)
            )
        except (StackError, SettingsError, EmbeddedError) as error:
            remedies = error.remedies if isinstance(error, StackError) else ()
            print("\n".join([str(error), *(f"  - {remedy}" for remedy in remedies)]), file=sys.stderr)  # noqa: T201 - what the starter shows
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
