"""An execution as it gets on: what happened goes in, and what follows from it comes out.

The rows of its steps are all that is kept. A progress that is made from them goes through the definition from
the beginning, as if for the first time, and takes up every step that has a row instead of beginning it: so
whatever was committed before a crash counts, and what was not is planned again. From then on a change costs
what follows from it, however many steps there are.

What an expression sees has ended before its step begins, whatever the order in which results arrive: a
definition may name no other steps (`validation`). So planning again comes to the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from timeloom_workflows.dag import containers
from timeloom_workflows.dag.beginnings import Beginning, action_of, beginning_of, called
from timeloom_workflows.dag.changes import Changes, Living
from timeloom_workflows.dag.endings import (
    EXPRESSION_ERROR,
    TIMEOUT_ERROR,
    cancelled,
    failed,
    succeeded,
    timed_out,
)
from timeloom_workflows.dag.facts import Facts
from timeloom_workflows.dag.ids import compensated_id, compensation_id, specs_along
from timeloom_workflows.dag.nodes import ListRun, Node, nodes_of
from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.dag.undoing import Undoing
from timeloom_workflows.dag.values import Values, encoded
from timeloom_workflows.definitions.expressions import EvaluationError
from timeloom_workflows.definitions.model import (
    CONTAINERS,
    Container,
    Definition,
    ErrorStrategy,
    Leaf,
    WorkflowStep,
)
from timeloom_workflows.definitions.model import Step as StepSpec
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.limits import STEPS_PER_EXECUTION_MAX
from timeloom_workflows.model import Failure, Status, Step, StepStatus, StepType

STEPS_ERROR: Final = "TooManyStepsError"


class Progress:
    """One execution, from the rows of its steps on. Not for use by several threads at once."""

    def __init__(self, definition: Definition, facts: Facts, steps: Iterable[Step]) -> None:
        """Take an execution as it was left."""
        self.values = Values(facts)
        self._definition = definition
        self._facts = facts
        self._known = {step.id: step for step in steps}
        self._step_count = len(self._known)
        self._next_position = max((step.position for step in self._known.values()), default=0) + 1
        self._top = ListRun(definition.steps, prefix="")
        self._is_new = True
        self._living = Living()
        self._work: deque[Callable[[], None]] = deque()
        self._changes = Changes()
        self._undoing = Undoing()
        self._is_halted = False
        self._is_cancelling = False
        self._failure: Failure | None = None
        self._undoes_failure = False
        self._outcome: Ended | None = None
        self._now = facts.create_time

    def advance(
        self, changed: Sequence[Step], now: datetime, *, paused: bool = False, cancelling: bool = False
    ) -> Plan:
        """Returns what follows from what happened since the last plan.

        Args:
            changed: Rows of steps that changed, whole: what a call came to, what came from outside. What the
                plan has of the same step counts more.
            now: The time.
            paused: Nothing is to begin; what changed is followed up when that is over.
            cancelling: What goes on is cancelled, and what was done is undone.
        """
        self._now = now
        self._changes = Changes()
        for row in changed:
            self._take(row)
        if paused and not cancelling:
            return self._plan(is_paused=True)
        if self._is_new:
            self._is_new = False
            self.enter(self._top)
        if cancelling:
            self._is_cancelling = self._is_halted = True
        self._drain()
        self._look_at_time()
        self._drain()
        while self._is_halted and self._outcome is None and self._goes_back():
            self._drain()
        return self._plan()

    def spec_of(self, step_id: str) -> Leaf | None:
        """Returns what the definition says about a step that has not ended, and has no steps within."""
        node = self._living.get(step_id)
        return None if node is None or isinstance(node.spec, CONTAINERS) else node.spec

    # -- What happens in lists ------------------------------------------------------

    def enter(self, list_: ListRun) -> None:
        """Begins to go through a list."""
        for step in list_.steps.steps:
            if not step.needs and not step.is_fallback:
                self._later(self._begin, list_, step)
        if list_.open_count == 0:
            self._later(self._list_ended, list_)

    def leave(self, list_: ListRun) -> None:
        """Cancels what is still going on in a list."""
        list_.is_over = True
        for node in nodes_of(list_):
            if node.frame is not None:
                for inner in node.frame.lists.values():
                    inner.is_over = True
            if not node.row.status.has_ended:
                self._cancel(node)

    def succeed(self, node: Node, output: Any) -> None:
        """Ends a container with an output."""
        row = succeeded(node.row, encoded(output), self._now)
        self._close(node)
        self._write(node, row)

    def fail(self, node: Node, failure: Failure) -> None:
        """Ends a container that failed."""
        self._close(node)
        self._write(node, failed(node.row, None, failure, self._now))

    def _begin(self, list_: ListRun, spec: StepSpec) -> None:
        """Begins a step, or takes up one that has begun."""
        if list_.is_over or spec.id in list_.nodes:
            return
        row = self._known.pop(list_.prefix + spec.id, None)
        if row is not None:
            self._take_up(Node(spec, list_, row), row)
        elif not (list_.is_frozen or self._is_halted):
            if self._step_count >= STEPS_PER_EXECUTION_MAX:
                self._give_up(_too_many_steps(), undoes=False)
                return
            self._begin_new(Node(spec, list_, self._new_row(list_, spec)))

    def _begin_new(self, node: Node) -> None:
        spec, list_ = node.spec, node.list
        list_.nodes[spec.id] = node
        self._evaluated(node, partial(self._begin_evaluated, node))

    def _begin_evaluated(self, node: Node) -> None:
        spec = node.spec
        if spec.condition is not None:
            seen = self.values.seen_from(node.list, spec.condition.names, before=spec.id)
            if not spec.condition.holds(seen):
                self._write(node, replace(node.row, status=StepStatus.SKIPPED, end_time=self._now))
                return
        if isinstance(spec, CONTAINERS):
            self._begin_container(node, spec)
        else:
            self._begin_leaf(node, spec)

    def _begin_leaf(self, node: Node, spec: Leaf) -> None:
        seen = self.values.seen_from(node.list, spec.names, before=spec.id)
        self._put_begun(node, spec, beginning_of(spec, seen, self._now))

    def _call(self, node: Node, spec: Leaf) -> None:
        """Begins what undoes a step, or tries it again."""
        assert spec.compensation is not None, "the step says how it is undone"
        seen = self.values.seen_from(node.list, spec.compensation.document.names)
        self._put_begun(node, spec, called(spec.compensation, seen))

    def _put_begun(self, node: Node, spec: Leaf, beginning: Beginning) -> None:
        row = replace(
            node.row,
            status=beginning.status,
            waiting_for=beginning.waiting_for,
            waiting_name=beginning.waiting_name,
            wake_time=beginning.wake_time,
            task=beginning.task,
            details=beginning.details,
            input=beginning.input,
            output=beginning.output,
            start_time=self._now,
            end_time=self._now if beginning.status.has_ended else None,
        )
        self._write(node, row)
        if not row.status.has_ended:
            self._changes.begun[row.id] = Work(step=row, spec=spec, action=beginning.action)

    def _begin_container(self, node: Node, spec: Container) -> None:
        seen = self.values.seen_from(node.list, spec.names, before=spec.id)
        decision = containers.decision_of(spec, seen)
        row = replace(
            node.row,
            status=StepStatus.RUNNING,
            input=None if decision is None else encoded(decision),
            start_time=self._now,
            wake_time=None if spec.timeout is None else self._now + spec.timeout,
        )
        self._write(node, row)
        containers.begin(self, node, spec, decision, is_frozen=False)

    def _take_up(self, node: Node, row: Step) -> None:
        """Goes on with a step that has begun before."""
        spec, list_ = node.spec, node.list
        list_.nodes[spec.id] = node
        self._living.put(node, row)
        if row.status.has_ended:
            # What has ended is gone through only for what may have to be undone.
            if isinstance(spec, CONTAINERS) and spec.has_compensations and containers.has_begun(spec, row):
                containers.begin(self, node, spec, containers.decision_in(row), is_frozen=True)
            self._later(self._ended, node)
        elif isinstance(spec, CONTAINERS):
            if containers.has_begun(spec, row):
                containers.begin(self, node, spec, containers.decision_in(row), is_frozen=False)
            else:
                self._evaluated(node, partial(self._begin_container, node, spec))
        elif _is_to_wait(spec, row):
            self._evaluated(node, partial(self._begin_leaf, node, spec))
        else:
            self._changes.found[row.id] = Work(step=row, spec=spec, action=action_of(spec))

    def _list_ended(self, list_: ListRun) -> None:
        if list_.is_over:
            return
        if list_.parent is None:
            self._complete()
            return
        parent = list_.parent
        assert isinstance(parent.spec, CONTAINERS), "it has lists"
        self._evaluated(parent, partial(containers.list_ended, self, parent, parent.spec, list_))

    def _ended(self, node: Node) -> None:
        """Goes on after a step has ended."""
        if node.row.type == StepType.COMPENSATION:
            self._undoing.ended(node.row)
        elif node.row.status == StepStatus.FAILED:
            self._goes_wrong(node)
        elif node.row.status != StepStatus.CANCELLED:
            if node.row.status == StepStatus.SUCCEEDED:
                self._undoing.add(node)
            self._settle(node)

    def _settle(self, node: Node) -> None:
        """Lets the steps begin that have waited for a step."""
        if node.is_settled or node.list.is_over:
            return
        node.is_settled = True
        list_, spec = node.list, node.spec
        for failing in list_.failing.pop(spec.id, ()):
            self._replace(failing, self.values.output(node))
        if not spec.is_fallback:
            list_.open_count -= 1
        for dependent in list_.steps.dependents[spec.id]:
            list_.needed[dependent] -= 1
            if list_.needed[dependent] == 0:
                self._later(self._begin, list_, list_.steps.by_id[dependent])
        if list_.open_count == 0 and not spec.is_fallback:
            self._later(self._list_ended, list_)

    # -- What goes wrong ------------------------------------------------------------

    def _goes_wrong(self, node: Node) -> None:
        """Goes on after a step has failed for good, as its definition says."""
        on_error = node.spec.on_error
        if on_error.strategy == ErrorStrategy.IGNORE:
            self._settle(node)
        elif on_error.strategy == ErrorStrategy.FALLBACK and on_error.value is not None:
            try:
                seen = self.values.seen_from(node.list, on_error.value.names)
                self._replace(node, on_error.value.render(seen))
            except EvaluationError as error:
                self._list_fails(node, _expression_failure(node.row.id, error))
        elif on_error.strategy == ErrorStrategy.FALLBACK:
            self._fall_back(node, on_error.step)
        else:
            self._list_fails(node, _failure_of(node.row))

    def _fall_back(self, node: Node, step_id: str) -> None:
        list_ = node.list
        other = list_.nodes.get(step_id)
        if other is not None and other.is_settled:
            self._replace(node, self.values.output(other))
        else:
            list_.failing.setdefault(step_id, []).append(node)
            self._later(self._begin, list_, list_.steps.by_id[step_id])

    def _replace(self, node: Node, output: Any) -> None:
        """Lets something stand for the output of a step that failed."""
        node.is_replaced, node.output = True, output
        self.values.forget(node)
        self._settle(node)

    def _list_fails(self, node: Node, failure: Failure) -> None:
        list_ = node.list
        if list_.is_over or list_.is_frozen:
            return
        parent = list_.parent
        if parent is None:
            self._give_up(failure, undoes=self._undoes(failure))
            return
        assert isinstance(parent.spec, CONTAINERS), "it has lists"
        containers.list_failed(self, parent, parent.spec, list_, failure)

    def _undoes(self, failure: Failure) -> bool:
        """Tells whether a step on the way from a failure to the top says that what was done is undone."""
        specs = specs_along(self._definition.steps, compensated_id(failure.step_id))
        return any(spec.on_error.strategy == ErrorStrategy.COMPENSATE for spec in specs)

    def _give_up(self, failure: Failure, *, undoes: bool) -> None:
        """Begins nothing more: the execution fails."""
        if self._failure is None and not self._is_cancelling:
            self._failure = failure
            self._undoes_failure = undoes
            self._is_halted = True

    def _goes_back(self) -> bool:
        """Does what is next in undoing; tells whether anything can follow from it."""
        if not self._undoing.has_begun:
            for node in self._living:
                if node.row.type != StepType.COMPENSATION:
                    self._cancel(node)
            self._cancel_unreached()
            self._undoing.begin(undoes=self._is_cancelling or self._undoes_failure)
        if self._living:
            return False
        done = self._undoing.next()
        if done is None:
            self._outcome = self._end_of_undoing()
            return False
        self._undo(done)
        return True

    def _cancel_unreached(self) -> None:
        """Cancels steps that had begun, and that the definition no longer leads to."""
        for row in self._known.values():
            if not row.status.has_ended and row.type != StepType.COMPENSATION:
                self._changes.stop(row)
                self._changes.write(cancelled(row, self._now))

    def _undo(self, node: Node) -> None:
        """Begins to undo a step, or takes up where that was left."""
        spec = node.spec
        assert not isinstance(spec, CONTAINERS), "only what calls something is undone"
        row = self._known.pop(compensation_id(node.row.id), None)
        if row is None:
            self._begin_to_undo(node, spec)
            return
        undoing = Node(spec, node.list, row)
        self._living.put(undoing, row)
        if row.status.has_ended:
            self._later(self._ended, undoing)
        else:
            self._changes.found[row.id] = Work(step=row, spec=spec, action=spec.compensation)

    def _begin_to_undo(self, node: Node, spec: Leaf) -> None:
        row = replace(
            self._new_row(node.list, spec),
            id=compensation_id(node.row.id),
            type=StepType.COMPENSATION,
            parent_id=node.row.id,
        )
        undoing = Node(spec, node.list, row)
        self._evaluated(undoing, partial(self._call, undoing, spec))

    def _end_of_undoing(self) -> Ended:
        left = self._undoing.failure()
        if self._failure is not None and not self._is_cancelling:
            return Ended(status=Status.FAILED, failure=self._failure)
        if left is not None:
            return Ended(status=Status.FAILED, failure=left)
        return Ended(status=Status.CANCELLED)

    # -- Time -----------------------------------------------------------------------

    def _look_at_time(self) -> None:
        """Goes on with what has waited for this time, or for too long."""
        deadline = self._facts.deadline
        if deadline is not None and deadline <= self._now:
            self._give_up(
                Failure(type=TIMEOUT_ERROR, message="The execution did not end in time"), undoes=False
            )
        for node in self._living.due(self._now):
            spec, row = node.spec, node.row
            if isinstance(spec, CONTAINERS):
                self.fail(node, Failure(type=TIMEOUT_ERROR, message="It did not end in time", step_id=row.id))
            elif row.status == StepStatus.RETRYING:
                self._try_again(node, spec)
            elif row.status == StepStatus.WAITING:
                self._write(node, timed_out(row, spec, self._now))
            else:
                self._changes.overdue.append(row)

    def _try_again(self, node: Node, spec: Leaf) -> None:
        node.row = replace(node.row, attempt=node.row.attempt + 1)
        if node.row.type == StepType.COMPENSATION:
            self._evaluated(node, partial(self._call, node, spec))
        else:
            self._evaluated(node, partial(self._begin_leaf, node, spec))

    # -- Rows -----------------------------------------------------------------------

    def _take(self, row: Step) -> None:
        """Takes a row that changed; what is said of a step that has ended comes too late."""
        node = self._living.get(row.id)
        if node is not None:
            self._living.put(node, row)
            if row.status.has_ended:
                self._later(self._ended, node)
        elif row.id in self._known:
            self._known[row.id] = row

    def _write(self, node: Node, row: Step) -> None:
        """Gives a step a row that the plan has."""
        self._living.put(node, row)
        self._changes.write(row)
        if row.status.has_ended and row.status != StepStatus.CANCELLED:
            self._later(self._ended, node)

    def _cancel(self, node: Node) -> None:
        if not isinstance(node.spec, CONTAINERS):
            self._changes.stop(node.row)
        self._write(node, cancelled(node.row, self._now))

    def _close(self, node: Node) -> None:
        """Leaves what goes on within a container."""
        frame, node.frame = node.frame, None
        if frame is not None:
            for list_ in frame.lists.values():
                self.leave(list_)

    def _new_row(self, list_: ListRun, spec: StepSpec) -> Step:
        row = Step(
            execution_id=self._facts.execution_id,
            id=list_.prefix + spec.id,
            position=self._next_position,
            type=spec.type,
            status=StepStatus.PENDING,
            attempt=1,
            create_time=self._now,
            parent_id="" if list_.parent is None else list_.parent.row.id,
            priority=self._facts.priority,
        )
        self._next_position += 1
        self._step_count += 1
        return row

    def _evaluated(self, node: Node, evaluate: Callable[[], None]) -> None:
        """Does something that evaluates expressions of a step, which fails if one has no value."""
        try:
            evaluate()
        except EvaluationError as error:
            self._close(node)
            failure = _expression_failure(node.row.id, error)
            self._write(node, failed(node.row, None, failure, self._now))

    def _complete(self) -> None:
        """Ends an execution all of whose steps have ended."""
        if self._is_halted:
            return
        template = self._definition.output
        try:
            if template is None:
                output = self.values.output_of(self._top)
            else:
                output = template.render(self.values.seen_from(self._top, template.names))
            self._outcome = Ended(status=Status.SUCCEEDED, output=encoded(output))
        except EvaluationError as error:
            self._give_up(_expression_failure("", error), undoes=False)

    def _later(self, do: Callable[..., None], *arguments: object) -> None:
        self._work.append(partial(do, *arguments))

    def _drain(self) -> None:
        while self._work:
            self._work.popleft()()

    def _plan(self, *, is_paused: bool = False) -> Plan:
        changes, deadline = self._changes, self._facts.deadline
        times = [self._living.due_time(), None if self._is_halted else deadline]
        has_ended = self._outcome is not None
        return Plan(
            steps=list(changes.rows.values()),
            entries=changes.entries,
            begun=list(changes.begun.values()),
            found=list(changes.found.values()),
            stopped=list(changes.stopped.values()),
            overdue=changes.overdue,
            outcome=self._outcome,
            due_time=None
            if has_ended or is_paused
            else min((time for time in times if time is not None), default=None),
            waiting_for=self._living.waiting_for,
            is_idle=not self._living.is_running,
        )


def plan(
    definition: Definition,
    facts: Facts,
    steps: Iterable[Step],
    now: datetime,
    *,
    paused: bool = False,
    cancelling: bool = False,
) -> Plan:
    """Returns what is to be done next in an execution that stands as its rows say."""
    return Progress(definition, facts, steps).advance((), now, paused=paused, cancelling=cancelling)


def _is_to_wait(spec: Leaf, row: Step) -> bool:
    """Tells whether a step that only waits was taken up again, and has to begin to wait anew."""
    is_open = row.status in (StepStatus.PENDING, StepStatus.RUNNING)
    is_detached = isinstance(spec, WorkflowStep) and spec.detached
    return is_open and action_of(spec) is None and not is_detached


def _failure_of(row: Step) -> Failure:
    if row.error is None:
        return Failure(type="Error", step_id=row.id)
    failure = msgspec.json.decode(row.error, type=Failure)
    return failure if failure.step_id else replace(failure, step_id=row.id)


def _expression_failure(step_id: str, error: EvaluationError) -> Failure:
    return Failure(type=EXPRESSION_ERROR, message=str(error), step_id=step_id, is_final=True)


def _too_many_steps() -> Failure:
    return Failure(
        type=STEPS_ERROR,
        message=f"An execution has at most {STEPS_PER_EXECUTION_MAX:,} steps",
        is_final=True,
    )
