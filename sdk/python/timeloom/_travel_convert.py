"""Between the messages of time travel and the client's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from timeloom import _convert as convert
from timeloom import time_travel as values
from timeloom.resources import NOT_LOADED, ChangeKind, ExecutionStatus, SnapshotKind
from timeloom.snapshots.v1 import time_travel_pb2 as pb
from timeloom.snapshots.v1 import time_travel_service_pb2 as service_pb


def head_move(message: pb.HeadMove) -> values.HeadMove:
    """Return a move of a head."""
    return values.HeadMove(
        number=message.number,
        from_sequence=message.from_sequence,
        to_sequence=message.to_sequence,
        reason=message.reason,
        create_time=convert.moment(message.create_time),
    )


def passed_effect(message: pb.TimelineEffect) -> values.PassedEffect:
    """Return an effect and where it belongs."""
    (effect,) = convert.effects([message.effect])
    return values.PassedEffect(sequence=message.sequence, effect=effect)


def rollback(message: service_pb.RollbackExecutionResponse) -> values.Rollback:
    """Return what a rollback did."""
    return values.Rollback(
        execution=convert.execution(message.execution),
        head_move=head_move(message.head_move),
        effects=tuple(passed_effect(effect) for effect in message.effects),
        effects_truncated=message.effects_truncated,
    )


def value_change(message: pb.ValueChange) -> values.ValueChange:
    """Return one change of a value."""
    return values.ValueChange(
        sequence=message.sequence,
        step_name=message.step_name,
        create_time=convert.moment(message.create_time),
        kind=convert.enum_member(ChangeKind, message.kind),
        old_value=convert.parsed(message.old_value),
        new_value=convert.parsed(message.new_value),
    )


def bisection(message: service_pb.BisectExecutionResponse) -> values.Bisection:
    """Return what a bisection found."""
    return values.Bisection(
        first_bad_sequence=message.first_bad_sequence,
        last_good_sequence=message.last_good_sequence,
        evaluations=tuple(
            values.Evaluation(sequence=each.sequence, bad=each.bad) for each in message.evaluations
        ),
        not_monotone=message.not_monotone,
        flips=tuple(message.flips),
    )


def aligned_step(message: pb.AlignedStep) -> values.AlignedStep:
    """Return one place of an alignment."""
    return values.AlignedStep(
        kind=values.AlignmentKind(pb.AlignmentKind.Name(message.kind).removeprefix("ALIGNMENT_KIND_")),
        step_name=message.step_name,
        sequence=message.sequence,
        other_sequence=message.other_sequence,
    )


def comparison(
    message: service_pb.CompareExecutionsResponse, steps: Iterable[values.AlignedStep]
) -> values.Comparison:
    """Return a comparison with the steps of all pages."""
    first = message.first_divergence if message.HasField("first_divergence") else None
    return values.Comparison(
        steps=tuple(steps),
        first_divergence=None if first is None else aligned_step(first),
        same_count=message.same_count,
        different_count=message.different_count,
        missing_count=message.missing_count,
        extra_count=message.extra_count,
    )


_ENTRIES: dict[str, Callable[[Any], Any]] = {
    "snapshot": convert.snapshot,
    "effect": passed_effect,
    "head_move": head_move,
    "fork": lambda found: values.Fork(
        sequence=found.sequence, execution_id=found.execution_id, name=found.name
    ),
    "status": lambda found: convert.enum_member(ExecutionStatus, found.status),
}


def timeline_entry(message: pb.TimelineEntry) -> values.TimelineEntry:
    """Return an entry of a timeline."""
    time = convert.moment(message.time)
    name = message.WhichOneof("entry")
    if name is None:
        return values.TimelineEntry(time=time)
    return values.TimelineEntry(time=time, **{name: _ENTRIES[name](getattr(message, name))})


def verification(message: service_pb.VerifyExecutionResponse) -> values.Verification:
    """Return what a verification found."""
    return values.Verification(
        intact=message.intact,
        snapshot_count=message.snapshot_count,
        problems=tuple(
            values.VerificationProblem(
                execution_id=each.execution_id, sequence=each.sequence, message=each.message
            )
            for each in message.problems
        ),
        truncated=message.truncated,
    )


def policy(message: pb.RetentionPolicy) -> values.RetentionPolicy:
    """Return a retention policy."""
    return values.RetentionPolicy(
        keep_last=message.keep_last,
        keep_tagged=message.keep_tagged,
        keep_younger_than=_span(message, "keep_younger_than"),
        keep_kinds=tuple(convert.enum_member(SnapshotKind, kind) for kind in message.keep_kinds),
        delete_ended_after=_span(message, "delete_ended_after"),
    )


def policy_message(value: values.RetentionPolicy) -> pb.RetentionPolicy:
    """Return a retention policy as the API takes it."""
    return pb.RetentionPolicy(
        keep_last=value.keep_last,
        keep_tagged=value.keep_tagged,
        keep_younger_than=_duration(value.keep_younger_than),
        keep_kinds=[convert.enum_number(kind) for kind in value.keep_kinds],
        delete_ended_after=_duration(value.delete_ended_after),
    )


def _span(message: pb.RetentionPolicy, name: str) -> timedelta | None:
    found: Duration = getattr(message, name)
    return found.ToTimedelta() if message.HasField(name) else None  # type: ignore[arg-type]


def _duration(value: timedelta | None) -> Duration | None:
    if value is None:
        return None
    message = Duration()
    message.FromTimedelta(value)
    return message


def pruning(message: service_pb.PruneExecutionsResponse) -> values.Pruning:
    """Return what pruning did."""
    return values.Pruning(
        executions=tuple(
            values.PrunedExecution(
                execution_id=each.execution_id,
                snapshot_count=each.snapshot_count,
                stored_bytes=int(each.stored_bytes),
                deleted=each.deleted,
            )
            for each in message.executions
        ),
        snapshot_count=message.snapshot_count,
        stored_bytes=int(message.stored_bytes),
        truncated=message.truncated,
    )


def breakpoint_message(value: values.Breakpoint) -> pb.Breakpoint:
    """Return a breakpoint as the API takes it."""
    conditions: dict[str, Any] = {
        "sequence": value.sequence,
        "step_name": value.step_name,
        "kind": None if value.kind is None else convert.enum_number(value.kind),
        "changed_path": value.changed_path,
        "expression": value.expression,
    }
    return pb.Breakpoint(**{name: given for name, given in conditions.items() if given is not None})


def frame(message: pb.PlaybackFrame) -> values.Frame:
    """Return a frame, with the state that it carries."""
    snapshot = message.snapshot
    state = convert.parsed(snapshot.state) if snapshot.state else NOT_LOADED
    snapshot.ClearField("state")
    return values.Frame(
        snapshot=convert.snapshot(snapshot),
        state=state,
        changes=tuple(convert.change(each) for each in message.changes),
        changes_truncated=message.changes_truncated,
        breakpoints=tuple(message.breakpoints),
    )


def playback_status(message: pb.PlaybackStatus) -> values.PlaybackStatus:
    """Return how a playback stands."""
    return values.PlaybackStatus(
        state=values.PlaybackState(pb.PlaybackState.Name(message.state).removeprefix("PLAYBACK_STATE_")),
        sequence=message.sequence,
        first_sequence=message.first_sequence,
        last_sequence=message.last_sequence,
        speed=message.speed,
        reverse=message.reverse,
    )


def content_number(value: values.FrameContent) -> Any:
    """Return the number by which the API knows what frames carry."""
    return pb.FrameContent.Value(f"FRAME_CONTENT_{value.value}")
