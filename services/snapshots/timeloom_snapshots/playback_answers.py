"""From a playback to the messages of the contract."""

from __future__ import annotations

from timeloom.snapshots.v1 import time_travel_pb2, time_travel_service_pb2
from timeloom_snapshots import answers
from timeloom_snapshots.playback import Frame, Status


def play_response(event: Frame | Status) -> time_travel_service_pb2.PlayExecutionResponse:
    """Returns what is sent of a playback that nobody commands."""
    if isinstance(event, Frame):
        return time_travel_service_pb2.PlayExecutionResponse(frame=frame_message(event))
    return time_travel_service_pb2.PlayExecutionResponse(status=status_message(event))


def control_response(
    request_id: int, event: Frame | Status
) -> time_travel_service_pb2.ControlPlaybackResponse:
    """Returns what is sent for a command, or for none if its number is zero."""
    if isinstance(event, Frame):
        return time_travel_service_pb2.ControlPlaybackResponse(
            request_id=request_id, frame=frame_message(event)
        )
    return time_travel_service_pb2.ControlPlaybackResponse(
        request_id=request_id, status=status_message(event)
    )


def frame_message(frame: Frame) -> time_travel_pb2.PlaybackFrame:
    """Returns one snapshot of a playback."""
    return time_travel_pb2.PlaybackFrame(
        snapshot=answers.snapshot_message(frame.snapshot, state=frame.state),
        delta=frame.delta,
        changes=map(answers.change_message, frame.changes),
        changes_truncated=frame.is_truncated,
        breakpoints=frame.breakpoints,
    )


def status_message(status: Status) -> time_travel_pb2.PlaybackStatus:
    """Returns how a playback stands."""
    return time_travel_pb2.PlaybackStatus(
        state=time_travel_pb2.PlaybackState.ValueType(status.state),
        sequence=status.sequence,
        first_sequence=status.first_sequence,
        last_sequence=status.last_sequence,
        speed=status.speed,
        reverse=status.is_reverse,
    )
