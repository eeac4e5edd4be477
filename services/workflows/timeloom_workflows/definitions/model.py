"""A definition as the engine works with it: everything read, defaults filled in, expressions at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeAlias

from msgspec import Struct

from timeloom_workflows.definitions.expressions import NO_STEPS, LazyExpression, StepNames
from timeloom_workflows.definitions.templates import Template
from timeloom_workflows.model import StepType
from timeloom_workflows.retries import RetryPolicy

BREAKER_FAILURES: Final = 5
BREAKER_WINDOW: Final = timedelta(minutes=1)
BREAKER_COOLDOWN: Final = timedelta(seconds=30)


class ErrorStrategy(StrEnum):
    """What becomes of the steps around one that failed for good."""

    FAIL = "fail"
    """They fail with it."""

    IGNORE = "ignore"
    """They go on without its output."""

    RETRY = "retry"
    """They fail with it, after what is usually tried once was tried again: a wait, another workflow."""

    COMPENSATE = "compensate"
    """The execution fails, and undoes first what it has done."""

    FALLBACK = "fallback"
    """They go on with a value, or with another step, in its place."""


class Timeout(StrEnum):
    """What a question that nobody answered in time comes to."""

    APPROVE = "approve"
    REJECT = "reject"
    FAIL = "fail"


class OnError(Struct, frozen=True, kw_only=True):
    """What is done when a step has failed for good.

    Attributes:
        value: What stands for its output.
        step: The step of the same list that stands in for it; empty if none does.
    """

    strategy: ErrorStrategy = ErrorStrategy.FAIL
    value: Template | None = None
    step: str = ""


class CircuitBreaker(Struct, frozen=True, kw_only=True):
    """When an action is not tried for a while, because it keeps failing.

    Attributes:
        name: Actions of the same name share their breaker; the step's own if empty.
        failures: So many within the window open it.
        cooldown: After so long one try is let through.
    """

    name: str = ""
    failures: int = BREAKER_FAILURES
    window: timedelta = BREAKER_WINDOW
    cooldown: timedelta = BREAKER_COOLDOWN


class Action(Struct, frozen=True, kw_only=True):
    """Something that is done outside of the definition.

    Attributes:
        type: `task`, `http`, `grpc`, `memory`, `llm` or `webhook`.
        document: All of it; of a task, its input alone.
        task: The name of a worker's task; empty if it is none.
    """

    type: str
    document: Template
    task: str = ""


class StepBase(Struct, frozen=True, kw_only=True):
    """What all steps have.

    Attributes:
        path: Names it in the whole definition, such as `each[].summarise`.
        has_compensations: Something within it, or the step itself, says how it is undone.
        needs: The steps of the same list that have to end before.
        condition: It is skipped unless this holds.
        retry: When it is tried again; None if it is tried once.
        timeout: For one try of an action; for the whole of everything else.
        is_fallback: It runs only in place of a step that failed.
    """

    id: str
    path: str
    needs: Sequence[str]
    condition: LazyExpression | None = None
    retry: RetryPolicy | None = None
    timeout: timedelta | None = None
    breaker: CircuitBreaker | None = None
    on_error: OnError = OnError()
    compensation: Action | None = None
    is_fallback: bool = False
    has_compensations: bool = False
    names: StepNames = NO_STEPS

    type: ClassVar[StepType]


class StepList(Struct, frozen=True, kw_only=True):
    """Steps that can name one another.

    Attributes:
        steps: In the order of the definition.
        by_id: The same.
        dependents: The steps that need a step, by its id.
        has_compensations: Something in it says how it is undone.
    """

    steps: Sequence[Step]
    by_id: Mapping[str, Step]
    dependents: Mapping[str, Sequence[str]]
    has_compensations: bool


class ActionStep(StepBase, frozen=True, kw_only=True):
    """Calls a worker's task, HTTP, gRPC, an operation on memories, or a language model."""

    action: Action
    type = StepType.ACTION


class WebhookStep(StepBase, frozen=True, kw_only=True):
    """Calls a webhook, or waits to be called back.

    Attributes:
        call: What is called; None if it waits.
    """

    call: Action | None
    type = StepType.WEBHOOK


class TransformStep(StepBase, frozen=True, kw_only=True):
    """Computes a value."""

    value: Template
    type = StepType.TRANSFORM


class ConditionStep(StepBase, frozen=True, kw_only=True):
    """Takes one of two ways."""

    test: LazyExpression
    then: StepList
    otherwise: StepList
    type = StepType.CONDITION


class Case(Struct, frozen=True, kw_only=True):
    """A way that a switch takes for one value."""

    equals: Any
    steps: StepList


class SwitchStep(StepBase, frozen=True, kw_only=True):
    """Takes the way of the first case that its value equals."""

    value: LazyExpression
    cases: Sequence[Case]
    default: StepList
    type = StepType.SWITCH


class ParallelStep(StepBase, frozen=True, kw_only=True):
    """Runs branches at the same time.

    Attributes:
        required: How many have to succeed; the others are then cancelled.
    """

    branches: Sequence[StepList]
    required: int
    type = StepType.PARALLEL


class ForeachStep(StepBase, frozen=True, kw_only=True):
    """Runs steps for each item of a list, so many at a time.

    Attributes:
        collect: What its output has for each item; the output of the last step if None.
    """

    items: Template
    concurrency: int
    steps: StepList
    collect: Template | None
    type = StepType.FOREACH


class LoopStep(StepBase, frozen=True, kw_only=True):
    """Runs steps again and again.

    Attributes:
        test: What is looked at: before each turn, or after it.
        is_until: It ends when the test holds, which is looked at after each turn.
    """

    test: LazyExpression
    is_until: bool
    max_iterations: int
    steps: StepList
    type = StepType.LOOP


class WaitStep(StepBase, frozen=True, kw_only=True):
    """Waits for a time, an event or a signal: one of them is given.

    Attributes:
        until: An expression that comes to a time.
        match: What must hold of the event, a text that the engine evaluates for each one.
        fails_on_timeout: Its output is null otherwise when nothing came in time.
    """

    duration: timedelta | None = None
    until: LazyExpression | None = None
    event: str = ""
    match: LazyExpression | None = None
    signal: str = ""
    fails_on_timeout: bool = False
    type = StepType.WAIT


class ApprovalStep(StepBase, frozen=True, kw_only=True):
    """Asks people."""

    question: Template
    approvers: Template
    required_count: int
    on_timeout: Timeout
    type = StepType.HUMAN_APPROVAL


class WorkflowStep(StepBase, frozen=True, kw_only=True):
    """Runs another workflow.

    Attributes:
        detached: Its end is not waited for, and it is not cancelled with this one.
    """

    workflow: str
    input: Template
    detached: bool
    type = StepType.WORKFLOW


Container: TypeAlias = ConditionStep | SwitchStep | ParallelStep | ForeachStep | LoopStep
CONTAINERS: Final = (ConditionStep, SwitchStep, ParallelStep, ForeachStep, LoopStep)
Leaf: TypeAlias = ActionStep | WebhookStep | TransformStep | WaitStep | ApprovalStep | WorkflowStep
Step: TypeAlias = Container | Leaf


class Definition(Struct, frozen=True, kw_only=True):
    """A definition of steps.

    Attributes:
        output: What an execution returns; the output of the last step if None.
        start_timeout: An execution that has not begun after so long does not begin any more.
        may_take_long: Planning may take a second: a thread should do it.
    """

    id: str
    steps: StepList
    output: Template | None
    start_timeout: timedelta | None
    execution_timeout: timedelta | None
    may_take_long: bool


def ancestors_of(steps: StepList, step_id: str) -> set[str]:
    """Returns the steps of a list that have ended for sure when one of them begins."""
    found: set[str] = set()
    pending = _before(steps, step_id)
    while pending:
        need = pending.pop()
        if need not in found:
            found.add(need)
            pending.extend(_before(steps, need))
    return found


def _before(steps: StepList, step_id: str) -> list[str]:
    step = steps.by_id[step_id]
    if not step.is_fallback:
        return list(step.needs)
    # Of several that it may stand in for, only one need have failed.
    failing = [each for each in steps.steps if each.on_error.step == step_id]
    return [failing[0].id] if len(failing) == 1 else []
