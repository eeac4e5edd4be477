"""From a definition's JSON, which has no problems, to what the engine works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.durations import parse_duration
from timeloom_workflows.definitions.expressions import LazyExpression, StepNames, all_names
from timeloom_workflows.definitions.model import (
    BREAKER_COOLDOWN,
    BREAKER_FAILURES,
    BREAKER_WINDOW,
    Action,
    ActionStep,
    ApprovalStep,
    Case,
    CircuitBreaker,
    ConditionStep,
    Definition,
    ErrorStrategy,
    ForeachStep,
    LoopStep,
    OnError,
    ParallelStep,
    Step,
    StepList,
    SwitchStep,
    Timeout,
    TransformStep,
    WaitStep,
    WebhookStep,
    WorkflowStep,
)
from timeloom_workflows.definitions.templates import Template
from timeloom_workflows.retries import RetryPolicy

FOREACH_CONCURRENCY: Final = 10
"""So many items at a time, unless the step says otherwise."""

_TRIED_AGAIN: Final = frozenset({"action", "webhook"})
"""Types of steps that are tried again though they do not say so: what they ask may be there again soon."""

_LOOKED_AT_LATER: Final = frozenset({"condition", "collect", "compensation"})
_COMPENSATE: Final = b'"compensate":'
_COMPREHENSIONS: Final = (".map(", ".filter(", ".all(", ".exists(", ".exists_one(")


def parse_definition(text: bytes) -> Definition:
    """Reads a definition that was checked when it was made."""
    document: dict[str, Any] = msgspec.json.decode(text)
    reader = _Reader(_retry_of(document.get("retry"), RetryPolicy()))
    steps = reader.step_list(document["steps"], prefix="", variables=expressions.IN_STEPS)
    timeouts = document.get("timeouts", {})
    return Definition(
        id=document["id"],
        steps=steps,
        output=_template(document, "output", expressions.IN_STEPS),
        start_timeout=_duration(timeouts, "start"),
        execution_timeout=_duration(timeouts, "execution"),
        may_take_long=any(each.encode() in text for each in _COMPREHENSIONS),
    )


class _Reader:
    """Reads the steps of one definition."""

    def __init__(self, retry: RetryPolicy) -> None:
        self._retry = retry

    def step_list(
        self, documents: Sequence[Mapping[str, Any]], *, prefix: str, variables: tuple[str, ...]
    ) -> StepList:
        """Reads steps that can name one another."""
        fallbacks = {each["onError"]["step"] for each in documents if "step" in each.get("onError", {})}
        steps: list[Step] = []
        before: list[str] = []
        for document in documents:
            needs = document.get("needs", before)
            step = self._step(document, needs, prefix, variables, is_fallback=document["id"] in fallbacks)
            steps.append(step)
            if not step.is_fallback:
                before = [step.id]
        dependents: dict[str, list[str]] = {step.id: [] for step in steps}
        for step in steps:
            for need in step.needs:
                dependents[need].append(step.id)
        return StepList(
            steps=steps,
            by_id={step.id: step for step in steps},
            dependents=dependents,
            has_compensations=any(step.has_compensations for step in steps),
        )

    def _step(
        self,
        document: Mapping[str, Any],
        needs: Sequence[str],
        prefix: str,
        variables: tuple[str, ...],
        *,
        is_fallback: bool,
    ) -> Step:
        common: dict[str, Any] = {
            "id": document["id"],
            "path": prefix + document["id"],
            "needs": () if is_fallback else tuple(dict.fromkeys(needs)),
            "condition": _expression(document, "if", variables),
            "retry": self._retry_policy(document),
            "timeout": _duration(document, "timeout"),
            "breaker": _breaker(document.get("circuitBreaker")),
            "on_error": _on_error(document.get("onError", {}), variables),
            "compensation": _action(document["compensate"], variables) if "compensate" in document else None,
            "is_fallback": is_fallback,
            "has_compensations": _COMPENSATE in msgspec.json.encode(document),
        }
        readers = {
            "action": _action_step,
            "webhook": _webhook_step,
            "transform": _transform_step,
            "condition": self._condition_step,
            "switch": self._switch_step,
            "parallel": self._parallel_step,
            "foreach": self._foreach_step,
            "loop": self._loop_step,
            "wait": _wait_step,
            "human_approval": _approval_step,
            "workflow": _workflow_step,
        }
        step = readers[document["type"]](document, common, variables)
        return replace(step, names=_names_of(step))

    def _retry_policy(self, document: Mapping[str, Any]) -> RetryPolicy | None:
        strategy = document.get("onError", {}).get("strategy")
        if "retry" in document or strategy == ErrorStrategy.RETRY:
            return _retry_of(document.get("retry"), self._retry)
        is_call = document["type"] in _TRIED_AGAIN and "callback" not in document
        return self._retry if is_call else None

    def _condition_step(
        self, document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]
    ) -> Step:
        within = partial(self.step_list, variables=variables)
        path = common["path"]
        return ConditionStep(
            **common,
            test=LazyExpression(document["condition"], variables),
            then=within(document.get("then", ()), prefix=f"{path}.then."),
            otherwise=within(document.get("else", ()), prefix=f"{path}.else."),
        )

    def _switch_step(
        self, document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]
    ) -> Step:
        within = partial(self.step_list, variables=variables)
        path = common["path"]
        return SwitchStep(
            **common,
            value=LazyExpression(document["value"], variables),
            cases=[
                Case(equals=case["equals"], steps=within(case["steps"], prefix=f"{path}.cases[{index}]."))
                for index, case in enumerate(document["cases"])
            ],
            default=within(document.get("default", ()), prefix=f"{path}.default."),
        )

    def _parallel_step(
        self, document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]
    ) -> Step:
        branches = [
            self.step_list(branch, prefix=f"{common['path']}[{index}].", variables=variables)
            for index, branch in enumerate(document["branches"])
        ]
        join = document.get("join", "all")
        required = len(branches) if join == "all" else 1 if join == "any" else int(join)
        return ParallelStep(**common, branches=branches, required=required)

    def _foreach_step(
        self, document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]
    ) -> Step:
        inner = _with(variables, expressions.IN_FOREACH)
        items = document["items"]
        return ForeachStep(
            **common,
            items=Template(f"${{{items}}}" if isinstance(items, str) else items, variables),
            concurrency=document.get("concurrency", FOREACH_CONCURRENCY),
            steps=self.step_list(document["steps"], prefix=f"{common['path']}[].", variables=inner),
            collect=_template(document, "collect", inner),
        )

    def _loop_step(
        self, document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]
    ) -> Step:
        inner = _with(variables, expressions.IN_LOOP)
        is_until = "until" in document
        return LoopStep(
            **common,
            test=LazyExpression(document["until" if is_until else "while"], inner),
            is_until=is_until,
            max_iterations=document["maxIterations"],
            steps=self.step_list(document["steps"], prefix=f"{common['path']}[].", variables=inner),
        )


def _names_of(step: Step) -> StepNames:
    """Returns the steps that a step looks at when it begins."""
    fields = (getattr(step, name) for name in step.__struct_fields__ if name not in _LOOKED_AT_LATER)
    return all_names(
        field.document.names if isinstance(field, Action) else field.names
        for field in fields
        if isinstance(field, LazyExpression | Template | Action)
    )


def _action_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    return ActionStep(**common, action=_action(document["action"], variables))


def _webhook_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    call = document.get("call")
    if call is None:
        common["timeout"] = _duration(document["callback"], "timeout") or common["timeout"]
        return WebhookStep(**common, call=None)
    return WebhookStep(**common, call=_action({"type": "webhook", **call}, variables))


def _transform_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    return TransformStep(**common, value=Template(document["value"], variables))


def _wait_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    return WaitStep(
        **common,
        duration=_duration(document, "for"),
        until=_expression(document, "until", variables),
        event=document.get("event", ""),
        match=_expression(document, "match", _with(variables, (expressions.EVENT,))),
        signal=document.get("signal", ""),
        fails_on_timeout=document.get("onTimeout") == "fail",
    )


def _approval_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    return ApprovalStep(
        **common,
        question=Template(document["question"], variables),
        approvers=Template(document.get("approvers", []), variables),
        required_count=document.get("requiredCount", 1),
        on_timeout=Timeout(document.get("onTimeout", Timeout.FAIL)),
    )


def _workflow_step(document: Mapping[str, Any], common: dict[str, Any], variables: tuple[str, ...]) -> Step:
    return WorkflowStep(
        **common,
        workflow=document["workflow"],
        input=Template(document.get("input"), variables),
        detached=document.get("detached", False),
    )


def _action(document: Mapping[str, Any], variables: tuple[str, ...]) -> Action:
    if document["type"] == "task":
        return Action(type="task", task=document["task"], document=Template(document.get("input"), variables))
    return Action(type=document["type"], document=Template(document, variables))


def _retry_of(document: Mapping[str, Any] | None, default: RetryPolicy) -> RetryPolicy:
    if document is None:
        return default
    return RetryPolicy(
        max_attempts=document.get("maxAttempts", default.max_attempts),
        initial_interval=_duration(document, "initialInterval") or default.initial_interval,
        backoff=document.get("backoff", default.backoff),
        max_interval=_duration(document, "maxInterval") or default.max_interval,
        jitter=document.get("jitter", default.jitter),
        final_errors=tuple(document.get("finalErrors", default.final_errors)),
    )


def _breaker(document: Mapping[str, Any] | None) -> CircuitBreaker | None:
    if document is None:
        return None
    return CircuitBreaker(
        name=document.get("name", ""),
        failures=document.get("failures", BREAKER_FAILURES),
        window=_duration(document, "window") or BREAKER_WINDOW,
        cooldown=_duration(document, "cooldown") or BREAKER_COOLDOWN,
    )


def _on_error(document: Mapping[str, Any], variables: tuple[str, ...]) -> OnError:
    return OnError(
        strategy=ErrorStrategy(document.get("strategy", ErrorStrategy.FAIL)),
        value=_template(document, "value", variables),
        step=document.get("step", ""),
    )


def _template(document: Mapping[str, Any], key: str, variables: tuple[str, ...]) -> Template | None:
    return Template(document[key], variables) if key in document else None


def _expression(document: Mapping[str, Any], key: str, variables: tuple[str, ...]) -> LazyExpression | None:
    return LazyExpression(document[key], variables) if key in document else None


def _duration(document: Mapping[str, Any], key: str) -> timedelta | None:
    return parse_duration(document[key]) if key in document else None


def _with(variables: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return (*variables, *(each for each in more if each not in variables))
