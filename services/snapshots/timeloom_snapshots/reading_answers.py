"""From what was found out about executions to the messages of the contract."""

from __future__ import annotations

from datetime import datetime

from timeloom.snapshots.v1 import snapshots_pb2, time_travel_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.time_travel import Bisection
from timeloom_platform.pagination import Page
from timeloom_platform.times import timestamp
from timeloom_snapshots import answers, travel_answers
from timeloom_snapshots.alignment import AlignedStep, AlignmentKind
from timeloom_snapshots.comparing import ExecutionComparison
from timeloom_snapshots.model import EffectEntry, ForkEntry, HeadMove, Snapshot
from timeloom_snapshots.storage.timeline import TimelineItem
from timeloom_snapshots.value_history import DatedChange


def value_history_message(page: Page[DatedChange]) -> messages.GetValueHistoryResponse:
    """Returns a page of the changes of a value."""
    return messages.GetValueHistoryResponse(
        changes=[
            time_travel_pb2.ValueChange(
                sequence=each.sequence,
                step_name=each.step_name,
                create_time=timestamp(each.create_time),
                kind=answers.change_kind(each.kind),
                old_value=each.old_value,
                new_value=each.new_value,
            )
            for each in page.entries
        ],
        next_page_token=page.next_page_token,
    )


def finding_message(finding: Bisection) -> messages.BisectExecutionResponse:
    """Returns what a bisection found."""
    return messages.BisectExecutionResponse(
        first_bad_sequence=finding.first_bad_sequence,
        last_good_sequence=finding.last_good_sequence,
        evaluations=[
            time_travel_pb2.Evaluation(sequence=each.sequence, bad=each.bad) for each in finding.evaluations
        ],
        not_monotone=finding.not_monotone,
        flips=finding.flips,
    )


def comparison_message(comparison: ExecutionComparison) -> messages.CompareExecutionsResponse:
    """Returns a page of the steps of two executions side by side."""
    divergence, counts = comparison.first_divergence, comparison.counts
    return messages.CompareExecutionsResponse(
        steps=map(_aligned_message, comparison.steps),
        first_divergence=_aligned_message(divergence) if divergence else None,
        same_count=counts.get(AlignmentKind.SAME, 0),
        different_count=counts.get(AlignmentKind.DIFFERENT, 0),
        missing_count=counts.get(AlignmentKind.MISSING, 0),
        extra_count=counts.get(AlignmentKind.EXTRA, 0),
        next_page_token=comparison.next_page_token,
    )


def timeline_message(page: Page[tuple[datetime, TimelineItem]]) -> messages.GetTimelineResponse:
    """Returns a page of what happened in an execution."""
    return messages.GetTimelineResponse(
        entries=[_timeline_entry(time, item) for time, item in page.entries],
        next_page_token=page.next_page_token,
    )


def _aligned_message(step: AlignedStep) -> time_travel_pb2.AlignedStep:
    return time_travel_pb2.AlignedStep(
        kind=time_travel_pb2.AlignmentKind.ValueType(step.kind),
        step_name=step.step_name,
        sequence=step.sequence,
        other_sequence=step.other_sequence,
    )


def _timeline_entry(time: datetime, item: TimelineItem) -> time_travel_pb2.TimelineEntry:
    entry = time_travel_pb2.TimelineEntry(time=timestamp(time))
    match item:
        case Snapshot():
            entry.snapshot.CopyFrom(answers.snapshot_message(item))
        case EffectEntry():
            entry.effect.CopyFrom(travel_answers.timeline_effect_message(item))
        case HeadMove():
            entry.head_move.CopyFrom(travel_answers.head_move_message(item))
        case ForkEntry():
            entry.fork.sequence = item.sequence
            entry.fork.execution_id = str(item.execution_id)
            entry.fork.name = item.name
        case _:
            entry.status.status = snapshots_pb2.ExecutionStatus.ValueType(item.status)
    return entry
