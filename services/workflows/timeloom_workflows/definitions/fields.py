"""What is wrong with parts that stand in several places of a definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.expressions import LazyExpression, StepNames, step_names
from timeloom_workflows.definitions.findings import CONTRADICTION, INVALID_EXPRESSION, Findings
from timeloom_workflows.definitions.kinds import is_list, is_object, object_of
from timeloom_workflows.definitions.structure import MISSING_FIELD
from timeloom_workflows.definitions.templates import OPENING, TemplateError, has_secret, parts_of

INTERVAL_SECONDS: Final = 1.0
INTERVAL_SECONDS_MAX: Final = 3_600.0


def check_template(
    findings: Findings,
    value: Any,
    place: Place,
    variables: tuple[str, ...],
    *,
    step_id: str = "",
    names: Callable[[StepNames, Place], None] | None = None,
) -> None:
    """Looks at the expressions of a template, and tells of the steps that each of them names."""
    for where, text in _texts(value, place):
        try:
            parts = parts_of(text)
        except TemplateError as error:
            findings.add(where, INVALID_EXPRESSION, str(error), step_id=step_id)
            continue
        found = [part for part in parts if isinstance(part, LazyExpression)]
        if found and has_secret(text):
            findings.add(
                where,
                "SECRET_MIXED",
                "has a secret and other expressions: only plain text may stand beside a secret",
                step_id=step_id,
            )
        for each in found:
            findings.expression(each.text, where, variables, step_id=step_id)
            if names is not None:
                names(step_names(each.text), where)


def check_retry(findings: Findings, retry: Any, place: Place, step_id: str = "") -> None:
    """Looks at when something is tried again."""
    retry = object_of(retry)
    if retry is None:
        return
    first = findings.duration(retry, "initialInterval", place, step_id)
    longest = findings.duration(retry, "maxInterval", place, step_id)
    if (first or INTERVAL_SECONDS) > (longest or INTERVAL_SECONDS_MAX):
        findings.add(
            (*place, "maxInterval" if "maxInterval" in retry else "initialInterval"),
            CONTRADICTION,
            "lets `maxInterval` be shorter than `initialInterval`",
            step_id=step_id,
        )


def check_call(add: Callable[[Place, str, str], None], call: dict[str, Any], place: Place) -> None:
    """Looks at what is called."""
    if "json" in call and "body" in call and call.get("type") != "llm":
        add((*place, "body"), CONTRADICTION, "is given twice: here, and as `json`")
    if call.get("type") == "llm" and ("prompt" in call) == ("messages" in call):
        add(place, MISSING_FIELD, "asks by a `prompt` or by `messages`: give one of them")


def is_same(left: Any, right: Any) -> bool:
    """Tells whether two JSON values are the same."""
    return type(left) is type(right) and msgspec.json.encode(left, order="sorted") == msgspec.json.encode(
        right, order="sorted"
    )


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    pending: list[tuple[Place, Any]] = [(place, value)]
    while pending:
        where, each = pending.pop()
        members: Iterable[tuple[str | int, Any]] = ()
        if isinstance(each, str) and OPENING in each:
            yield where, each
        elif is_list(each):
            members = enumerate(each)
        elif is_object(each):
            members = each.items()
        pending.extend(reversed([((*where, key), member) for key, member in members]))
