"""Calls back: whoever was given a step's address ends that step by calling it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from timeloom_platform.errors import MalformedJsonError, NotFoundError
from timeloom_workflows.actions.webhooks import CallbackTokens
from timeloom_workflows.control import transitions
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.signals import end_wait, succeeded
from timeloom_workflows.control.transitions import Change
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import StepStatus, WaitReason
from timeloom_workflows.storage import controls, queries

NOTHING = b"null"


class Callbacks:
    """Takes calls back."""

    def __init__(self, *, changing: Changing, tokens: CallbackTokens) -> None:
        self._changing = changing
        self._tokens = tokens

    async def receive(self, token: str, body: bytes) -> None:
        """Ends the step that a token names, with the body as its output; called again, it changes nothing.

        Raises:
            NotFoundError: The token is not one of this installation, or its execution was deleted.
            MalformedJsonError: The body does not parse.
            WrongStatusError: The step, or its execution, has ended otherwise.
        """
        target = self._tokens.target(token)
        if target is None:
            raise NotFoundError("Nobody waits for a call back here.")
        output = _checked(body)
        async with self._changing.locked(target.project_id, target.execution_id) as locked:
            execution = locked.execution
            step = await queries.select_step(
                locked.connection, execution.project_id, execution.id, target.step_id
            )
            if step is None:
                raise NotFoundError("Nobody waits for a call back here.")
            if step.status is StepStatus.SUCCEEDED:
                return
            transitions.require_running(execution, "called back")
            waiting = await controls.select_waiting(
                locked.connection, execution.project_id, execution.id, reason=WaitReason.WEBHOOK
            )
            if all(each.id != step.id for each in waiting):
                raise WrongStatusError(
                    f"The step {step.id} waits for no call back: it is {step.status.name}.",
                    metadata={"status": step.status.name},
                )
            after = replace(execution, inbox=execution.inbox + 1)
            after, ended = await end_wait(locked, after, step, output=output)
            await locked.write(Change(after, [succeeded(ended)]))


def _checked(body: bytes) -> bytes:
    if not body:
        return NOTHING
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise MalformedJsonError("body is not JSON.") from None
    return body
