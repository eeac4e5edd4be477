"""What is wrong with one step of a definition, beyond its structure.

Whatever the structure is, this goes as far as it can: what is not as it has to be is left out here, for it
has been told already.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from msgspec import Struct

from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.expressions import StepNames, literal_truth, step_names
from timeloom_workflows.definitions.fields import (
    check_call,
    check_retry,
    check_template,
    is_same,
)
from timeloom_workflows.definitions.findings import CONTRADICTION, Findings
from timeloom_workflows.definitions.kinds import list_of, object_of, text_of
from timeloom_workflows.definitions.structure import MISSING_FIELD, OUT_OF_RANGE, UNBOUNDED_LOOP
from timeloom_workflows.limits import DEFINITION_NESTING_MAX, ITEMS_PER_FOREACH_MAX

UNREACHABLE: Final = "UNREACHABLE"
UNKNOWN_STEP: Final = "UNKNOWN_STEP"
NOT_BEFORE: Final = "NOT_BEFORE"
TOO_DEEP: Final = "TOO_DEEP"

_NUMBER: Final = "[9999]"
"""The longest number of an item or turn, as ids have it."""

Json = dict[str, Any]


class Scope(Struct, frozen=True, kw_only=True):
    """What is known where a list of steps stands.

    Attributes:
        variables: That expressions can name.
        before: The steps around it that have ended for sure.
        around: The ids of all steps in the lists around it.
        id_length: How long the ids of its steps' instances are before their own begin.
        is_conditional: Something decides whether the list is gone through at all.
    """

    variables: tuple[str, ...]
    before: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()
    id_length: int = 0
    depth: int = 1
    is_conditional: bool = False


class StepLists(Protocol):
    """What a step wants to know of the lists around it, and has done about those within."""

    def check_list(self, value: Any, place: Place, scope: Scope) -> frozenset[str]:
        """Looks through a list of steps, and returns the ids in it."""
        ...

    def unknown_step(self, step_id: str, known: frozenset[str]) -> str:
        """Returns what to say about a step that is named where it cannot be."""
        ...

    def is_endless(self, step: Json, scope: Scope) -> bool:
        """Tells whether a step begins this very workflow again, whatever happens."""
        ...


class SingleStep:
    """Looks at one step."""

    def __init__(
        self,
        lists: StepLists,
        findings: Findings,
        *,
        step: Json,
        place: Place,
        scope: Scope,
        before: frozenset[str],
        known: frozenset[str],
    ) -> None:
        self._lists = lists
        self._findings = findings
        self._step = step
        self._place = place
        self._scope = scope
        self._before = before
        self._known = known
        self._id = text_of(step, "id")
        self._type = text_of(step, "type")

    def check(self) -> None:
        """Tells of all that is wrong with it."""
        step = self._step
        self._expression("if", is_condition=True)
        if literal_truth(text_of(step, "if")) is False:
            self._add(("if",), UNREACHABLE, "is never true: the step never runs")
        for key in ("timeout", "for"):
            self._findings.duration(step, key, self._place, self._id)
        self._check_retry()
        self._check_on_error()
        self._check_compensation()
        check = _CHECKS.get(self._type)
        if check is not None:
            check(self)

    # -- What all steps have ----------------------------------------------------------

    def _check_retry(self) -> None:
        check_retry(self._findings, self._step.get("retry"), (*self._place, "retry"), self._id)
        if self._type in _CONTAINERS and "retry" in self._step:
            self._add(("retry",), CONTRADICTION, "is of no use here: put it on the steps within")
        breaker = object_of(self._step.get("circuitBreaker"))
        if breaker is not None:
            for key in ("window", "cooldown"):
                self._findings.duration(breaker, key, (*self._place, "circuitBreaker"), self._id)
            if not self._is_call():
                self._add(("circuitBreaker",), CONTRADICTION, "is for steps that call something")

    def _check_on_error(self) -> None:
        on_error = object_of(self._step.get("onError"))
        if on_error is None:
            return
        strategy = on_error.get("strategy")
        given = [key for key in ("value", "step") if key in on_error]
        if strategy == "fallback" and len(given) != 1:
            self._add(
                ("onError",), MISSING_FIELD, "falls back to either a `value` or a `step`: give one of them"
            )
        elif strategy != "fallback" and given:
            self._add(
                ("onError", given[0]), CONTRADICTION, f"is for the strategy `fallback`, not `{strategy}`"
            )
        if strategy == "retry" and self._type in _CONTAINERS:
            self._add(
                ("onError", "strategy"),
                CONTRADICTION,
                "cannot be `retry` here: let the steps within be tried again",
            )
        if "value" in on_error:
            before = self._before | {self._id}
            self._template(on_error["value"], ("onError", "value"), before=before)

    def _check_compensation(self) -> None:
        if "compensate" not in self._step:
            return
        if not (self._is_call() or self._type == "workflow"):
            self._add(
                ("compensate",),
                "NOT_COMPENSABLE",
                f"cannot be: a `{self._type}` does nothing outside that could be undone; put it on an "
                "`action`, a `webhook` that is called, or a `workflow`",
            )
            return
        before = self._before | {self._id}
        self._template(self._step["compensate"], ("compensate",), before=before, skipped=("type", "task"))

    # -- Types ------------------------------------------------------------------------

    def check_action(self) -> None:
        """Looks at a call."""
        action = self._step.get("action")
        self._template(action, ("action",), skipped=("type", "task"))
        call = object_of(action)
        if call is not None:
            check_call(self._add, call, ("action",))

    def check_condition(self) -> None:
        """Looks at two ways."""
        self._expression("condition", is_condition=True)
        truth = literal_truth(text_of(self._step, "condition"))
        for way, taken in (("then", True), ("else", False)):
            if truth is not None and truth is not taken and list_of(self._step.get(way)):
                self._add(
                    (way,), UNREACHABLE, f"is never taken: the condition is always {str(truth).lower()}"
                )
            self._within((way,), f".{way}.", is_conditional=True)
        if not list_of(self._step.get("then")) and not list_of(self._step.get("else")):
            self._add(("then",), MISSING_FIELD, "is required, or `else`: there has to be something to do")

    def check_switch(self) -> None:
        """Looks at the ways of a switch."""
        self._expression("value")
        seen: list[Any] = []
        for index, each in enumerate(list_of(self._step.get("cases"))):
            case = object_of(each)
            if case is None:
                continue
            equals = case.get("equals")
            if any(is_same(equals, other) for other in seen):
                self._add(("cases", index), UNREACHABLE, "is never taken: an earlier case equals the same")
            seen.append(equals)
            self._within(("cases", index, "steps"), f".cases[{index}].", is_conditional=True)
        self._within(("default",), ".default.", is_conditional=True)

    def check_parallel(self) -> None:
        """Looks at branches."""
        branches = list_of(self._step.get("branches"))
        for index, branch in enumerate(branches):
            if isinstance(branch, list) and not branch:
                self._add(("branches", index), MISSING_FIELD, "has no steps")
            self._within(("branches", index), f"[{index}].")
        join = self._step.get("join")
        if isinstance(join, int) and join > len(branches):
            self._add(
                ("join",),
                CONTRADICTION,
                f"asks for {join} branches to succeed, and there are {len(branches)}",
            )

    def check_foreach(self) -> None:
        """Looks at what is done for each item."""
        items = self._step.get("items")
        if isinstance(items, str):
            compiled = self._expression("items")
            if compiled is not None and not compiled.may_be_list:
                self._add(("items",), "NOT_A_LIST", "comes to something that is no list")
        else:
            self._template(items, ("items",))
        if len(list_of(items)) > ITEMS_PER_FOREACH_MAX:
            self._add(("items",), OUT_OF_RANGE, f"must have at most {ITEMS_PER_FOREACH_MAX:,} elements")
        variables = (*self._scope.variables, *expressions.IN_FOREACH)
        inner = self._inside(variables)
        if "collect" in self._step:
            self._template(
                self._step["collect"], ("collect",), before=self._before | inner, variables=variables
            )

    def check_loop(self) -> None:
        """Looks at what is done again and again."""
        given = [key for key in ("while", "until") if key in self._step]
        if len(given) != 1:
            self._add(
                (), MISSING_FIELD, "goes on `while` something holds, or `until` it does: give one of them"
            )
        variables = (*self._scope.variables, *expressions.IN_LOOP)
        inner = self._inside(variables)
        for key in given:
            self._expression(key, is_condition=True, before=self._before | inner, variables=variables)
            truth = literal_truth(text_of(self._step, key))
            if truth is (key == "while"):
                self._add((key,), UNBOUNDED_LOOP, "never lets the loop end: it could only fail")
            elif key == "while" and truth is False:
                self._add(("steps",), UNREACHABLE, "never run: `while` is always false")

    def check_wait(self) -> None:
        """Looks at what is waited for."""
        step = self._step
        given = [key for key in ("for", "until", "event", "signal") if key in step]
        if len(given) != 1:
            self._add(
                (), MISSING_FIELD, "waits `for` a time, `until` one, for an `event` or a `signal`: give one"
            )
        self._expression("until")
        self._expression("match", is_condition=True, variables=(*self._scope.variables, expressions.EVENT))
        if "match" in step and "event" not in step:
            self._add(("match",), CONTRADICTION, "is for waiting for an `event`")
        if "onTimeout" in step and "timeout" not in step:
            self._add(("onTimeout",), CONTRADICTION, "is of no use without a `timeout`")
        if "timeout" in step and given and given[0] in ("for", "until"):
            self._add(("timeout",), CONTRADICTION, "is of no use: it waits for a time")

    def check_approval(self) -> None:
        """Looks at a question."""
        step = self._step
        self._template(step.get("question"), ("question",))
        approvers = step.get("approvers")
        self._template(approvers, ("approvers",))
        if "onTimeout" in step and "timeout" not in step:
            self._add(("onTimeout",), CONTRADICTION, "is of no use without a `timeout`")
        required = step.get("requiredCount", 1)
        if isinstance(required, int) and list_of(approvers):
            count = len({each for each in list_of(approvers) if isinstance(each, str)})
            if count < required:
                self._add(
                    ("requiredCount",),
                    CONTRADICTION,
                    f"asks for {required} people to approve, and `approvers` names {count}",
                )

    def check_webhook(self) -> None:
        """Looks at a call, or a call back."""
        given = [key for key in ("call", "callback") if key in self._step]
        if len(given) != 1:
            self._add((), MISSING_FIELD, "is a `call`, or waits for a `callback`: give one of them")
        self._template(self._step.get("call"), ("call",))
        call = object_of(self._step.get("call"))
        if call is not None:
            check_call(self._add, call, ("call",))
        callback = object_of(self._step.get("callback"))
        if callback is not None:
            self._findings.duration(callback, "timeout", (*self._place, "callback"), self._id)
            if "timeout" in callback and "timeout" in self._step:
                self._add(("timeout",), CONTRADICTION, "is given twice: here, and in `callback`")

    def check_transform(self) -> None:
        """Looks at what is computed."""
        self._template(self._step.get("value"), ("value",))

    def check_workflow(self) -> None:
        """Looks at another workflow."""
        self._template(self._step.get("input"), ("input",))
        if self._lists.is_endless(self._step, self._scope):
            self._add(
                ("workflow",),
                "RECURSION",
                "is this very workflow, which would begin itself for ever: give the step an `if`, or put it "
                "into a `condition`",
            )

    # -- Parts ------------------------------------------------------------------------

    def _within(
        self, keys: Place, suffix: str, *, variables: tuple[str, ...] = (), is_conditional: bool = False
    ) -> frozenset[str]:
        """Looks through a list of steps within, and returns the ids in it."""
        value: Any = self._step
        for key in keys:
            members = object_of(value)
            value = list_of(value)[int(key)] if members is None else members.get(str(key))
        if not isinstance(value, list):
            return frozenset()
        scope = self._scope
        if scope.depth >= DEFINITION_NESTING_MAX:
            self._add(
                keys, TOO_DEEP, f"is too deep: steps stand at most {DEFINITION_NESTING_MAX} within each other"
            )
            return frozenset()
        inner = Scope(
            variables=tuple(dict.fromkeys(variables or scope.variables)),
            before=self._before,
            around=self._known,
            id_length=scope.id_length + len(self._id) + len(suffix),
            depth=scope.depth + 1,
            is_conditional=scope.is_conditional or is_conditional or "if" in self._step,
        )
        return self._lists.check_list(value, (*self._place, *keys), inner)

    def _inside(self, variables: tuple[str, ...]) -> frozenset[str]:
        """Looks through the steps of a foreach or a loop, which may have no turn."""
        if isinstance(self._step.get("steps"), list) and not self._step["steps"]:
            self._add(("steps",), MISSING_FIELD, "has nothing in it")
        return self._within(("steps",), f"{_NUMBER}.", variables=variables, is_conditional=True)

    def _expression(
        self,
        key: str,
        *,
        is_condition: bool = False,
        before: frozenset[str] | None = None,
        variables: tuple[str, ...] = (),
    ) -> Any:
        text = self._step.get(key)
        compiled = self._findings.expression(
            text,
            (*self._place, key),
            tuple(dict.fromkeys(variables or self._scope.variables)),
            step_id=self._id,
            is_condition=is_condition,
        )
        if isinstance(text, str):
            self._names(step_names(text), (key,), self._before if before is None else before)
        return compiled

    def _template(
        self,
        value: Any,
        keys: Place,
        *,
        before: frozenset[str] | None = None,
        variables: tuple[str, ...] = (),
        skipped: tuple[str, ...] = (),
    ) -> None:
        seen = self._before if before is None else before
        check_template(
            self._findings,
            value
            if (members := object_of(value)) is None
            else {name: each for name, each in members.items() if name not in skipped},
            (*self._place, *keys),
            tuple(dict.fromkeys(variables or self._scope.variables)),
            step_id=self._id,
            names=lambda names, place: self._names(names, place[len(self._place) :], seen),
        )

    def _names(self, names: StepNames, keys: Place, before: frozenset[str]) -> None:
        for step_id in sorted(names.ids - before):
            if step_id in self._known:
                what = "itself" if step_id == self._id else f"`{step_id}`"
                hint = "" if step_id == self._id else f": add `{step_id}` to its `needs`"
                self._add(keys, NOT_BEFORE, f"looks at {what}, which has not ended by then{hint}")
            else:
                self._add(keys, UNKNOWN_STEP, self._lists.unknown_step(step_id, self._known))

    def _is_call(self) -> bool:
        return self._type == "action" or (self._type == "webhook" and "call" in self._step)

    def _add(self, keys: Place, code: str, message: str) -> None:
        self._findings.add((*self._place, *keys), code, message, step_id=self._id)


_CHECKS: Final = {
    "action": SingleStep.check_action,
    "condition": SingleStep.check_condition,
    "switch": SingleStep.check_switch,
    "parallel": SingleStep.check_parallel,
    "foreach": SingleStep.check_foreach,
    "loop": SingleStep.check_loop,
    "wait": SingleStep.check_wait,
    "human_approval": SingleStep.check_approval,
    "webhook": SingleStep.check_webhook,
    "transform": SingleStep.check_transform,
    "workflow": SingleStep.check_workflow,
}
_CONTAINERS: Final = frozenset({"condition", "switch", "parallel", "foreach", "loop"})
