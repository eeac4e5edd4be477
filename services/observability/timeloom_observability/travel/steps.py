"""What a trace becomes in time travel: its states as steps, each the delta from the one before. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from timeloom.state import canonical, delta
from timeloom.state.statehash import StateHash
from timeloom_observability.model import Event, EventStatus
from timeloom_observability.semantics.json_text import value_in
from timeloom_observability.states import states_of
from timeloom_observability.travel.model import Told

MILLISECOND_NS: Final = 1_000_000
_BEFORE_ALL: Final = None
"""The state that an execution's first delta applies to."""


class StepKind(IntEnum):
    """What a snapshot is. The numbers are those of the contract of snapshots."""

    STEP_END = 3
    ERROR_STATE = 5
    EXECUTION_END = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A snapshot that is to be there.

    Attributes:
        name: The key by which it is known: its span.
        delta: From the state before, encoded.
        state_hash: Of its state, in hex.
        metadata: A JSON object.
    """

    name: str
    kind: StepKind
    step_name: str
    end_time: datetime
    delta: bytes
    state_hash: str
    metadata: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A snapshot that is there."""

    sequence: int
    parent: int
    key: str
    state_hash: str


def steps_of(told: Told) -> list[Step]:
    """Returns the steps of a trace in the order in which its spans ended."""
    steps: list[Step] = []
    state: Any = _BEFORE_ALL
    state_hash = StateHash.of(state)
    for each in states_of(told.spans):
        operations, state = delta.track(state, each.state)
        state_hash = state_hash.updated(state, operations)
        steps.append(
            Step(
                name=each.span.span_id,
                kind=_kind(each.span, told.root_span_id),
                step_name=each.span.name,
                end_time=each.span.end_time,
                delta=delta.encode(operations),
                state_hash=state_hash.digest.hex(),
                metadata=_metadata(each.span),
            )
        )
    return steps


def way_to(head: int, snapshots: Sequence[Recorded]) -> list[Recorded]:
    """Returns the snapshots that a head stands on, the first one first."""
    by_sequence = {each.sequence: each for each in snapshots}
    way: list[Recorded] = []
    while head in by_sequence:
        way.append(by_sequence.pop(head))
        head = way[-1].parent
    return way[::-1]


def common_length(way: Sequence[Recorded], steps: Sequence[Step]) -> int:
    """Returns how many of the steps are recorded as they are now."""
    for length, (recorded, step) in enumerate(zip(way, steps, strict=False)):
        if recorded.key.partition(":")[0] != step.name or recorded.state_hash != step.state_hash:
            return length
    return min(len(way), len(steps))


def key_of(step: Step, used: Collection[str]) -> str:
    """Returns a step's key; one that was recorded otherwise before is numbered, for keys are unique."""
    key, number = step.name, 1
    while key in used:
        number += 1
        key = f"{step.name}:{number}"
    return key


def canonical_document(document: bytes | None) -> bytes:
    """Returns a document as time travel takes it; empty if there is none."""
    return b"" if document is None else canonical.encode(value_in(document))


def _kind(span: Event, root_span_id: str) -> StepKind:
    if span.span_id == root_span_id:
        return StepKind.EXECUTION_END
    return StepKind.ERROR_STATE if span.status is EventStatus.ERROR else StepKind.STEP_END


def _metadata(span: Event) -> bytes:
    said: dict[str, Any] = {
        "spanId": span.span_id,
        "kind": span.kind.name,
        "durationMs": span.duration_ns / MILLISECOND_NS,
        "agentId": span.agent_id,
        "model": span.model,
        "toolName": span.tool_name,
        "inputTokens": span.usage.input_tokens if span.usage else None,
        "outputTokens": span.usage.output_tokens if span.usage else None,
        "cost": span.cost.total if span.cost else None,
    }
    return canonical.encode({name: value for name, value in said.items() if value not in (None, "")})
