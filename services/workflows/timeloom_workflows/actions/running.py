"""Runs actions: each in its time, no more at once than a process can take, and their secrets kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog

from timeloom_workflows.actions.call import ActionError, Call, InvalidActionError, Runner
from timeloom_workflows.actions.secrets import Secrets, redacted, redacted_document
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX

ACTIONS_RUNNING_MAX: Final = 256
"""At once in one process; further ones wait for their turn, and their time runs only then."""

ACTION_SECONDS: Final = 60.0
"""What a try may take if its step says nothing."""

ACTION_SECONDS_MAX: Final = 3_600.0

logger = structlog.get_logger(__name__)


class Actions:
    """All types of actions that the engine does by itself."""

    def __init__(self, runners: Mapping[str, Runner], *, secrets: Secrets) -> None:
        """Take who does which type."""
        self._runners = dict(runners)
        self._secrets = secrets
        self._room = asyncio.Semaphore(ACTIONS_RUNNING_MAX)

    async def run(self, call: Call, *, template: Mapping[str, Any]) -> bytes:
        """Do an action and return its output as a JSON document.

        Args:
            call: The action as its expressions made it, without its secrets.
            template: The same as the definition has it; only it can name secrets.

        Raises:
            ActionError: It failed; never with a secret in its words.
        """
        runner = self._runners.get(str(call.action.get("type", "")))
        if runner is None:
            raise InvalidActionError(f"There are no actions of the type {call.action.get('type')}")
        async with self._room:
            action, secrets = await self._secrets.filled(call.action, template, project_id=call.project_id)
            try:
                output = await _in_time(runner, msgspec.structs.replace(call, action=action))
            except ActionError as error:
                if secrets:
                    error.message = redacted(error.message, secrets)
                raise
        if secrets:
            output = redacted_document(output, secrets)
        if len(output) > DOCUMENT_BYTES_MAX:
            raise ActionError(
                "OutputTooLargeError", f"The output has more than {DOCUMENT_BYTES_MAX:,} bytes", is_final=True
            )
        return output


async def _in_time(runner: Runner, call: Call) -> bytes:
    seconds = min(call.timeout_seconds, ACTION_SECONDS_MAX)
    try:
        async with asyncio.timeout(seconds):
            return await runner.run(call)
    except TimeoutError:
        raise ActionError("TimeoutError", f"It took more than {seconds:g} seconds") from None
    except ActionError:
        raise
    except Exception as error:
        # The boundary of what a definition can bring about: it must not take its driver along.
        logger.exception("action failed", action=str(call.action.get("type", "")))
        raise ActionError("InternalError", "The action failed for a reason of the service's own") from error
