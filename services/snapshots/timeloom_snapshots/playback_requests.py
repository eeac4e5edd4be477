"""From the messages of the contract to what a playback is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from timeloom.snapshots.v1 import time_travel_pb2, time_travel_service_pb2
from timeloom_platform.errors import InvalidFieldError, PathNotFoundError
from timeloom_platform.expressions import compile_expression
from timeloom_snapshots import parts
from timeloom_snapshots.commands import (
    Action,
    Command,
    Jump,
    Move,
    Open,
    Pause,
    Play,
    Range,
    SetBreakpoints,
    Showing,
)
from timeloom_snapshots.playback import (
    EXPRESSION_VARIABLES,
    PAUSE_SECONDS_DEFAULT,
    AtChange,
    AtCondition,
    AtKind,
    AtSequence,
    AtStepName,
    Breakpoint,
    FrameContent,
)

SPEED_MIN: Final = 0.25
"""The least speed besides zero; the greatest is in the contract."""


def showing_of(
    request: time_travel_service_pb2.PlayExecutionRequest | time_travel_service_pb2.OpenPlayback,
    execution_id: str,
    *,
    prefix: str = "",
) -> Showing:
    """Returns how an execution is to be shown.

    Raises:
        InvalidFieldError: A breakpoint has no condition, or one that makes no sense.
        InvalidExpressionError: The expression of a breakpoint does not compile.
        PathNotFoundError: The path is no JSON pointer.
    """
    return Showing(
        execution_id=UUID(execution_id),
        content=FrameContent(request.content or FrameContent.STATE),
        path=parts.checked_pointer(request.path, field=f"{prefix}path"),
        breakpoints=breakpoints_of(request.breakpoints, prefix=prefix),
        pause_seconds_max=request.pause_seconds_max or PAUSE_SECONDS_DEFAULT,
    )


def range_of(request: time_travel_service_pb2.PlayExecutionRequest) -> Range:
    """Returns what is to be played.

    Raises:
        InvalidFieldError: The speed is below the least one.
    """
    return Range(
        from_sequence=request.from_sequence,
        to_sequence=request.to_sequence,
        is_reverse=request.reverse,
        speed=_speed_of(request.speed, "speed"),
    )


async def commands_of(
    requests: AsyncIterator[time_travel_service_pb2.ControlPlaybackRequest],
) -> AsyncGenerator[Command]:
    """Yields the commands of a stream.

    Raises:
        InvalidFieldError: A message has no command, or one that makes no sense.
        InvalidExpressionError: The expression of a breakpoint does not compile.
    """
    async for request in requests:
        yield Command(request_id=request.request_id, action=_action_of(request))


def breakpoints_of(
    messages: Sequence[time_travel_pb2.Breakpoint], *, prefix: str = ""
) -> Sequence[Breakpoint]:
    """Returns where a playback is to stop.

    Raises:
        InvalidFieldError: A breakpoint has no condition, or one that makes no sense.
        InvalidExpressionError: The expression of a breakpoint does not compile.
    """
    return [
        _breakpoint_of(message, f"{prefix}breakpoints[{place}]") for place, message in enumerate(messages)
    ]


def _action_of(request: time_travel_service_pb2.ControlPlaybackRequest) -> Action:
    match request.WhichOneof("command"):
        case "open":
            if not request.execution_id:
                raise InvalidFieldError.of("executionId", "must be given in the first message")
            showing = showing_of(request.open, request.execution_id, prefix="open.")
            return Open(showing=showing, sequence=request.open.sequence)
        case "play":
            return Play(speed=_speed_of(request.play.speed, "play.speed"), is_reverse=request.play.reverse)
        case "pause":
            return Pause()
        case "step":
            return Move(request.step.count or 1)
        case "jump":
            return Jump(request.jump.sequence)
        case "set_breakpoints":
            found = breakpoints_of(request.set_breakpoints.breakpoints, prefix="setBreakpoints.")
            return SetBreakpoints(found)
        case _:
            raise InvalidFieldError.of("command", "must be given")


def _speed_of(speed: float, field: str) -> float:
    if speed and not speed >= SPEED_MIN:
        raise InvalidFieldError.of(field, f"must be at least {SPEED_MIN}, or 0 for as fast as possible")
    return speed


def _breakpoint_of(message: time_travel_pb2.Breakpoint, field: str) -> Breakpoint:
    match message.WhichOneof("condition"):
        case "sequence":
            if not message.sequence:
                raise InvalidFieldError.of(f"{field}.sequence", "must be at least 1")
            return AtSequence(message.sequence)
        case "step_name":
            return AtStepName(message.step_name)
        case "kind":
            if not message.kind:
                raise InvalidFieldError.of(f"{field}.kind", "must be given")
            return AtKind(message.kind)
        case "changed_path":
            return AtChange(_changed_path_of(message.changed_path, f"{field}.changedPath"))
        case "expression":
            expression = compile_expression(
                message.expression,
                variables=EXPRESSION_VARIABLES,
                is_condition=True,
                field=f"{field}.expression",
            )
            return AtCondition(expression)
        case _:
            raise InvalidFieldError.of(field, "must have a condition")


def _changed_path_of(path: str, field: str) -> str:
    try:
        return parts.checked_pointer(path)
    except PathNotFoundError:
        raise InvalidFieldError.of(field, "must be a JSON pointer") from None
